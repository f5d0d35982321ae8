import hashlib
import hmac

from mh_batch.pseudonyms import PseudonymKey, author_key, hasher, link_hasher

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))
KEY = PseudonymKey((FIRST,))


def test_keys_are_truncated_hmacs() -> None:
    expected = hmac.new(FIRST, b"content\0" + "Grüße".encode(), hashlib.sha256).hexdigest()[:32]
    assert hasher(KEY, "content")("Grüße".encode()) == expected


def test_a_chain_hashes_what_the_key_before_gave() -> None:
    before = hmac.new(FIRST, b"author\0Ada", hashlib.sha256).hexdigest()[:32]
    expected = hmac.new(SECOND, b"author\0" + before.encode(), hashlib.sha256).hexdigest()[:32]
    assert author_key(KEY.rotated(SECOND), "Ada") == expected
    assert link_hasher(SECOND, "author")(author_key(KEY, "Ada").encode()) == expected


def test_an_author_is_not_linked_to_a_text_that_is_the_authors_name() -> None:
    assert author_key(KEY, "Ada") != hasher(KEY, "content")(b"Ada")


def test_the_mark_of_who_was_erased_is_not_the_pseudonym_that_was_erased() -> None:
    assert hasher(KEY, "erased author")(b"Ada") != author_key(KEY, "Ada")


def test_another_secret_gives_other_keys() -> None:
    assert author_key(KEY, "Ada") != author_key(PseudonymKey((SECOND,)), "Ada")
    assert KEY.check != PseudonymKey((SECOND,)).check


def test_a_secret_is_not_shown() -> None:
    assert repr(KEY) == "PseudonymKey()"

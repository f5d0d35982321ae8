import hashlib
import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mh_batch.corpus.pseudonyms import author_key, content_key, read_or_create_key
from mh_batch.errors import UsageError

KEY = bytes(range(32))


def test_keys_are_truncated_hmacs() -> None:
    expected = hmac.new(KEY, b"content\0" + "Grüße".encode(), hashlib.sha256).hexdigest()[:32]
    assert content_key(KEY, "Grüße") == expected


def test_an_author_is_not_linked_to_a_text_that_is_the_authors_name() -> None:
    assert author_key(KEY, "Ada") != content_key(KEY, "Ada")


def test_another_secret_gives_other_keys() -> None:
    assert author_key(KEY, "Ada") != author_key(bytes(32), "Ada")


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pseudonym.key"
    first = read_or_create_key(path, may_create=True)
    assert read_or_create_key(path, may_create=True) == first
    assert len(first) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_runs_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: read_or_create_key(path, may_create=True), range(64)))
    assert len(keys) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["pseudonym.key"]


@pytest.mark.parametrize("content", [None, "", "not hexadecimal", "abcd"])
def test_a_key_file_without_a_usable_key_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "mine.key"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=r"mine\.key"):
        read_or_create_key(path, may_create=False)

import pyarrow as pa
import pytest

from mh_batch.privacy.erasure.identifier_search import search_for

WORDS = search_for(["journal-12345678", "Müller, Änne", "0123456789abcdef0123456789abcdef", "en", "12"])
IN_NAMES = search_for(
    ["alice", "u-77", "@ben.b", "Änne", "bob", "2024", "783214567890", "journal-7", "hdfs", "alice-u"]
)


@pytest.mark.parametrize(
    "content",
    [
        b'{"doc_id": "journal-12345678"}',
        b"journal-12345678,0.5",
        b"/in/journal-12345678.parquet",
        b"Said in journal-12345678.",
        b"\x00\x10\x00\x00\x00journal-12345678\xff",
        "<td>Müller, Änne</td>".encode(),
        b"0123456789abcdef0123456789abcdef",
    ],
)
def test_an_identifier_is_found_in_any_file(content: bytes) -> None:
    assert WORDS.found_in(content)


@pytest.mark.parametrize("content", [b"journal-123456789", b"my-journal-12345678x", b'{"language": "en", "read": 12}'])
def test_what_only_contains_an_identifier_or_is_too_short_to_tell_is_not_taken_for_one(content: bytes) -> None:
    assert not WORDS.found_in(content)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["a", None, "journal-12345678"], True),
        (["journal-12345678.parquet, row 3"], True),
        (["journal-123456789.parquet, row 3"], False),
        (["en", "12", None], False),
        ([None], False),
        ([], False),
    ],
)
def test_an_identifier_is_found_among_the_values_of_a_column(values: list[str | None], found: bool) -> None:
    assert WORDS.found_among(pa.array(values, pa.string())) is found


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("/in/run_alice_2024.parquet", "/in/run_[erased]_2024.parquet"),
        ("alice_u-77.parquet", "[erased]_[erased].parquet"),
        ("s3://in/by_@ben.b_/part-0.csv", "s3://in/by_@[erased]_/part-0.csv"),
        ("posts-Änne", "posts-[erased]"),
        ("tweets_783214567890", "tweets_[erased]"),
        ("old_journal-7_copy", "old_[erased]_copy"),
        ("/in/malice/alices/2024/bob_12.parquet", "/in/malice/alices/2024/bob_12.parquet"),
        ("journal-77, xu-77", "journal-77, xu-77"),
        ("/in/alice/malice-1.parquet", "/in/[erased]/malice-1.parquet"),
        ("hdfs://alice-u-77/hdfs", "hdfs://[erased]/[erased]"),
    ],
)
def test_names_of_files_are_looked_through_part_by_part_and_short_numbers_mean_something_else(
    name: str, cleaned: str
) -> None:
    assert IN_NAMES.without(name) == cleaned
    assert bool(IN_NAMES.named_in(name)) == (cleaned != name)


def test_identifiers_are_taken_out_of_what_a_manifest_says() -> None:
    manifest = {"inputs": ["/in/journal-12345678", "/in/other"], "read": 12, "settings": {"columns": {"a": "en"}}}
    expected = {"inputs": ["/in/[erased]", "/in/other"], "read": 12, "settings": {"columns": {"a": "en"}}}
    assert WORDS.without(manifest) == expected


def test_identifiers_are_not_shown_in_messages() -> None:
    assert "Müller" not in repr(WORDS)

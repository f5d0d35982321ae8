import pytest

from mh_batch.datasets.comparable import comparable


@pytest.mark.parametrize(
    "copy",
    [
        "WE HAD A LOVELY PICNIC",
        "  we had\ta lovely\n picnic!!! ",
        "We had a lovely picnic https://example.org/a1b2",
        "@somebody We had a lovely picnic, www.example.org/x?y=1",
        "Ｗｅ had a ｌｏｖｅｌｙ picnic",  # noqa: RUF001 - the wide letters are what is tested
    ],
)
def test_case_punctuation_spacing_links_mentions_and_widths_do_not_count(copy: str) -> None:
    assert comparable(copy) == "we had a lovely picnic"


def test_accents_count_in_either_of_their_forms() -> None:
    assert comparable("de\u0301ja\u0300 vu") == comparable("déjà vu") != comparable("deja vu")


def test_texts_without_words_keep_their_own_signs() -> None:
    assert comparable(":)") != comparable(":(")
    assert comparable("https://example.org/a") != comparable("https://example.org/b")


def test_an_address_is_no_mention() -> None:
    assert comparable("write to me@home") == "write to me home"

import json

import pytest
from hypothesis import given, strategies as st

from mh_batch.datasets.generation.answers import read_texts

TEXTS = st.lists(st.text(), max_size=6)
PROSE = st.text(alphabet="abc äß.,:!\n*`#", max_size=40)


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ('{"texts": ["a", "b"]}', ["a", "b"]),
        ('```json\n{"texts": ["a", "b"]}\n```', ["a", "b"]),
        ('Sure! Here [as asked] it is:\n{"texts": ["a"]}\nI hope that "helps" [x].', ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ('{"texts": ["a", "b",],}', ["a", "b"]),
        ('{"texts": ["a" , , "b"]}', ["a", "b"]),
        ('{"texts": ["a", "b", "cut of', ["a", "b", None]),
        ('{"texts": ["a", "the last "one" breaks"]}', ["a", None]),
        ('{"texts": ["a", "b"', ["a", "b"]),
        ('{"texts": ["a", "b",', ["a", "b"]),
        ('{"texts": ["a\nb"]}', ["a\nb"]),
        ('{"texts": ["\\u00e4 \\"q\\""]}', ['ä "q"']),
        ('{"texts": []}', []),
        ('{"texts": ["a", 3, null, {"text": "b"}]}', ["a", 3, None, {"text": "b"}]),
        ('{"texts": ["a", "she said "no" to me", "b"]}', ["a", None, "b"]),
        ('{"texts": ["she said, "no", twice", "b"]}', [None, "b"]),
        ("I would rather not write this.", None),
        ("", None),
        ('{"answer": "none"}', None),
    ],
)
def test_texts_are_read_out_of_what_models_write(answer: str, texts: list[object] | None) -> None:
    assert read_texts(answer) == texts


@given(TEXTS, PROSE, PROSE, st.booleans())
def test_whatever_stands_around_the_json_texts_come_back(
    texts: list[str], before: str, after: str, ascii_only: bool
) -> None:
    written = json.dumps({"texts": texts}, ensure_ascii=ascii_only, indent=1)
    assert read_texts(f"{before}{written}{after}") == texts


@given(TEXTS, st.data())
def test_of_an_answer_that_is_cut_off_whole_texts_are_kept_and_no_part_of_one(
    texts: list[str], data: st.DataObject
) -> None:
    written = json.dumps({"texts": texts})
    cut = data.draw(st.integers(written.index("[") + 1, len(written)))
    read = read_texts(written[:cut])
    # Counted by what json.dumps writes before each text begins and ends.
    whole = sum(len(json.dumps({"texts": texts[: i + 1]})) - 2 <= cut for i in range(len(texts)))
    begun = sum(len(json.dumps({"texts": [*texts[:i], ""]})) - 4 < cut for i in range(len(texts)))
    assert read == texts[:whole] + [None] * (begun - whole)


@given(st.text(alphabet='[]{}",:\\ntexs é', max_size=60))
def test_no_answer_makes_the_reader_fail(answer: str) -> None:
    read = read_texts(answer)
    assert read is None or isinstance(read, list)

import random

import numpy as np
import pandas as pd

from mh_batch.datasets import load_grammar
from mh_batch.datasets.preparation.deduplication import by_trust, without_copies, without_near_copies
from mh_batch.datasets.preparation.near_copies import local_buckets
from mh_batch.datasets.text_features import comparable

LABELS = ("label_a", "label_b")
NAN = float("nan")


def frame(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=["source", "text", *LABELS])
    table = table.assign(doc_id=[f"{row.source}/{place}" for place, row in enumerate(table.itertuples())])
    return table.assign(comparable=table["text"].map(comparable))


def silent(stage: str) -> None:
    pass


def reasons(left_out: pd.DataFrame) -> dict[str, str]:
    return dict(zip(left_out["doc_id"], left_out["reason"], strict=True))


def test_of_copies_the_one_of_the_source_named_first_stays() -> None:
    rows = by_trust(frame(("late", "A quiet day.", 1, 0), ("early", "a quiet DAY", 1, 0)), ["early", "late"])
    sifted = without_copies(rows, LABELS)
    assert list(sifted.rows["doc_id"]) == ["early/1"]
    assert sifted.left_out.to_dict("records") == [
        {"doc_id": "late/0", "source": "late", "reason": "copy", "copy_of": "early/1"}
    ]
    assert sifted.conflicts == 0


def test_sources_that_disagree_are_counted_and_the_earlier_one_is_believed() -> None:
    rows = frame(("early", "A quiet day.", 1, NAN), ("late", "a quiet day", 0, 1), ("late", "A QUIET DAY", 1, 1))
    sifted = without_copies(rows, LABELS)
    assert sifted.rows[list(LABELS)].iloc[0].tolist()[0] == 1
    assert len(sifted.rows) == 1
    assert sifted.conflicts == 1


def test_copies_of_one_source_that_disagree_all_go() -> None:
    rows = frame(("early", "A quiet day.", 1, 0), ("early", "a quiet day", 0, 0), ("late", "a quiet day", 1, 0))
    sifted = without_copies(rows, LABELS)
    assert sifted.rows.empty
    assert set(reasons(sifted.left_out).values()) == {"conflicting_copies"}
    assert sifted.conflicts == 3


def test_what_is_unknown_disagrees_with_nothing() -> None:
    sifted = without_copies(frame(("s", "A quiet day.", 1, NAN), ("s", "a quiet day", NAN, 0)), LABELS)
    assert (len(sifted.rows), sifted.conflicts) == (1, 0)


def test_a_row_that_is_there_twice_with_its_id_stays_once() -> None:
    rows = frame(("s", "A quiet day.", 1, 0), ("s", "A quiet day.", 1, 0)).assign(doc_id="s/1")
    assert len(without_copies(rows, LABELS).rows) == 1


def test_near_copies_go_and_those_with_another_label_are_counted() -> None:
    text = "Yesterday we walked around the whole lake and then had soup with my grandmother in her garden"
    rows = frame(("s", text, 1, 0), ("s", f"{text} again", 0, 0), ("s", f"Well, {text}", 1, 0), ("s", "Other", 1, 0))
    sifted = without_near_copies(rows, LABELS, 0.7, 1, local_buckets, silent)
    assert list(sifted.rows["doc_id"]) == ["s/0", "s/3"]
    assert set(sifted.left_out["copy_of"]) == {"s/0"}
    assert sifted.conflicts == 1


def test_a_text_that_resembles_only_a_removed_one_stays() -> None:
    first = "one two three four five six seven eight nine ten eleven twelve"
    middle = "three four five six seven eight nine ten eleven twelve alpha"
    last = "five six seven eight nine ten eleven twelve alpha beta"
    sifted = without_near_copies(
        frame(*(("s", t, 1, 0) for t in (first, middle, last))), LABELS, 0.7, 1, local_buckets, silent
    )
    assert list(sifted.rows["doc_id"]) == ["s/0", "s/2"]


def test_of_a_crowd_of_near_copies_one_stays() -> None:
    text = load_grammar("de").text("neutral", 30, random.Random(1))
    rows = frame(*(("s", f"{text} {number}", 1, 0) for number in range(450)))
    sifted = without_near_copies(rows, LABELS, 0.7, 1, local_buckets, silent)
    assert len(sifted.rows) == 1
    assert len(sifted.left_out) == 449


def test_the_order_of_rows_does_not_decide_which_copy_stays() -> None:
    rows = frame(*(("s", f"A quiet day{'!' * number}", 1, 0) for number in range(5)))
    shuffled = rows.sample(frac=1, random_state=np.random.RandomState(3))
    kept = [without_copies(by_trust(one, ["s"]), LABELS).rows["doc_id"].tolist() for one in (rows, shuffled)]
    assert kept[0] == kept[1] == ["s/0"]

"""The table `cooccurrence`: pairs of labels that a model gives together."""

from collections.abc import Mapping
from itertools import combinations

import pyarrow as pa
from pyspark.sql import DataFrame, functions as F

from mh_batch.contracts import load_contract
from mh_batch.reporting.counting.aggregates import author_columns
from mh_batch.reporting.groupings import SMALL
from mh_batch.reporting.report_tables import rounded

# The labels of one document, in pairs: each pair once.
_PAIRS = """
    flatten(transform(labels, a -> transform(filter(labels, b -> a < b), b -> named_struct('one', a, 'two', b))))
"""


def cooccurrence_table(
    scores: DataFrame,
    model: str,
    positives: Mapping[str, int],
    documents: int,
    min_authors: int,
    unit: str,
    round_to: int | None,
) -> pa.Table:
    """Count the pairs of labels that documents carry.

    Args:
        scores: Scores of one model, under the contract `scores`.
        model: The model's name.
        positives: Documents that carry each label, in the order of the model's card.
        documents: All documents.
        min_authors: Pairs that fewer authors wrote are suppressed.
        unit: What counts as an author: `authors`, or `documents` where the corpus names none.
        round_to: Counts are rounded to multiples of this.

    Returns:
        A table under the contract `cooccurrence`, with a row for each pair of labels.
    """
    counted = {frozenset((row["one"], row["two"])): row.asDict() for row in _count(scores).collect()}
    rows = []
    for label, other in combinations(positives, 2):
        found = counted.get(frozenset((label, other)), {"documents": 0, "authors": 0})
        # No document is no person: a pair that never occurs gives nobody away.
        small = 0 < found[unit] < min_authors
        expected = positives[label] * positives[other] / documents if documents else 0.0
        figures = {"suppressed": SMALL} if small else _figures(found, expected, round_to)
        rows.append({"model": model, "label": label, "other": other, **figures})
    return pa.Table.from_pylist(rows, schema=load_contract("cooccurrence").arrow_schema())


def _figures(found: Mapping[str, int], expected: float, round_to: int | None) -> dict[str, float | None]:
    together = rounded(found["documents"], round_to)
    return {
        "documents": together,
        "authors": rounded(found["authors"], round_to),
        "expected": expected,
        "lift": together / expected if expected else None,
    }


def _count(scores: DataFrame) -> DataFrame:
    several = scores.where(F.size("labels") > 1)
    pairs = several.select(*author_columns(), F.explode(F.expr(_PAIRS)).alias("pair")).select("*", "pair.*")
    by_author = pairs.groupBy("one", "two", "author", "named").count()
    return by_author.groupBy("one", "two").agg(F.sum("count").alias("documents"), F.sum("named").alias("authors"))

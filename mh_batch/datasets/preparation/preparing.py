"""The way from raw sources to published splits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from mh_batch.common.atomic_folder import draft_of
from mh_batch.datasets.preparation.data_card import data_card, readme
from mh_batch.datasets.preparation.deduplication import (
    LeakCheck,
    Say,
    by_trust,
    check_leaks,
    count_disagreements,
    without_copies,
    without_near_copies,
)
from mh_batch.datasets.preparation.integration import integrate, label_columns
from mh_batch.datasets.preparation.near_copies import FindBuckets, Pairs, clusters, local_buckets, near_pairs
from mh_batch.datasets.preparation.preparation_recipe import PreparationRecipe
from mh_batch.datasets.preparation.prepared_dataset import (
    Prepared,
    check_free,
    write_data_card,
    write_left_out,
    write_splits,
)
from mh_batch.datasets.preparation.recipe_sources import Origin, read_source
from mh_batch.datasets.preparation.splitting import SPLITS, assign_splits, balance_lengths
from mh_batch.errors import PreparationError, ValidationError
from mh_batch.settings import PrepareSettings

# Far from the seeds of the rounds that took near-copies out: the check is to draw other hashes.
_CHECK_SEED = 1_000_003


def prepare(recipe: PreparationRecipe, settings: PrepareSettings, say: Say = lambda stage: None) -> Prepared:
    """Read the sources of a recipe, take copies out, balance, split, check for leaks, and publish.

    Args:
        recipe: What to make of which sources.
        settings: Where, and with which seed, shares and threshold.
        say: Called with each stage as it begins.

    Raises:
        UsageError: a source or the place for the output is not as it should be; nothing was written.
        LeakError: the written splits share texts or authors; nothing was published.
    """
    check_free(settings.output, settings.overwrite)
    rows, left_out, origins = _read(recipe, settings.data, say)
    with _bucket_finder(settings, len(rows)) as find_buckets:
        say(f"{len(rows):,} usable rows: taking copies and near-copies out")
        rows, more, conflicts = _without_copies(rows, recipe, settings, find_buckets, say)
        rows, drawn_out = _balanced(rows, recipe, settings.seed)
        left_out = pd.concat([left_out, more, drawn_out], ignore_index=True)
        _reconcile(origins, rows, left_out)
        say(f"{len(rows):,} rows left: splitting")
        rows = assign_splits(rows, recipe, settings.shares, settings.seed)
        with draft_of(settings.output, settings.overwrite) as draft:
            write_splits(draft, rows, recipe, SPLITS)
            write_left_out(draft, left_out)
            say("checking the written splits for leaks")
            leaks = _checked(draft, settings, find_buckets)
            card = data_card(recipe, settings, origins, rows, left_out, conflicts, leaks)
            write_data_card(draft, card, readme(card))
    return Prepared(settings.output, card)


def _read(recipe: PreparationRecipe, folder: Path | None, say: Say) -> tuple[pd.DataFrame, pd.DataFrame, list[Origin]]:
    kept, left_out, origins = [], [], []
    for source in recipe.sources:
        say(f"reading {source.name}")
        raw, origin = read_source(source, folder)
        usable, unusable = integrate(raw, source, recipe)
        kept.append(usable)
        left_out.append(unusable)
        origins.append(origin)
    rows = pd.concat(kept, ignore_index=True)
    if rows.empty:
        raise PreparationError(f"no row of recipe '{recipe.name}' can be used: {_reasons(pd.concat(left_out))}")
    return by_trust(rows, [source.name for source in recipe.sources]), pd.concat(left_out), origins


def _reasons(left_out: pd.DataFrame) -> str:
    return ", ".join(f"{reason} {number:,}" for reason, number in left_out["reason"].value_counts().items())


@contextmanager
def _bucket_finder(settings: PrepareSettings, rows: int) -> Iterator[FindBuckets]:
    if not settings.spark and rows <= settings.spark_above:
        yield local_buckets
        return
    from mh_batch.datasets.preparation.spark_buckets import spark_buckets
    from mh_batch.spark import command_session, run_settings

    with command_session("mh-batch prepare") as spark, run_settings(spark):
        yield spark_buckets(spark)


def _without_copies(
    rows: pd.DataFrame, recipe: PreparationRecipe, settings: PrepareSettings, find_buckets: FindBuckets, say: Say
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    labels = label_columns(recipe.labels)
    once = without_copies(rows, labels)
    if settings.near_copies == "keep":
        pairs = _all_pairs(list(once.rows["comparable"]), settings, find_buckets)
        numbered = once.rows.assign(cluster=clusters(pairs, len(once.rows)))
        disagree = count_disagreements(numbered.iloc[pairs[:, 0]], numbered.iloc[pairs[:, 1]], labels)
        return numbered, once.left_out, {"copies": once.conflicts, "near_copies": disagree}
    apart = without_near_copies(once.rows, labels, settings.threshold, settings.seed, find_buckets, say)
    left_out = pd.concat([once.left_out, apart.left_out])
    conflicts = {"copies": once.conflicts, "near_copies": apart.conflicts}
    return apart.rows.assign(cluster=np.arange(len(apart.rows))), left_out, conflicts


def _all_pairs(texts: list[str], settings: PrepareSettings, find_buckets: FindBuckets) -> Pairs:
    """Two rounds with different hashes: a pair that one of them misses is hardly missed by both."""
    rounds = [near_pairs(texts, settings.threshold, settings.seed + n, find_buckets) for n in range(2)]
    return np.unique(np.concatenate(rounds), axis=0)


def _balanced(rows: pd.DataFrame, recipe: PreparationRecipe, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    chosen = rows["source"].isin([source.name for source in recipe.sources if source.balance_lengths])
    drawn, drawn_out = balance_lengths(rows[chosen], seed)
    return pd.concat([rows[~chosen], drawn]).sort_index().reset_index(drop=True), drawn_out


def _reconcile(origins: list[Origin], rows: pd.DataFrame, left_out: pd.DataFrame) -> None:
    read = sum(origin.rows for origin in origins)
    if read != len(rows) + len(left_out):
        raise ValidationError(f"{read:,} rows read, but {len(rows):,} used and {len(left_out):,} left out")


def _checked(draft: Path, settings: PrepareSettings, find_buckets: FindBuckets) -> LeakCheck:
    written = {
        name: pq.read_table(draft / f"{name}.parquet", columns=["text", "author"]).to_pandas() for name in SPLITS
    }
    leaks = check_leaks(written, settings.threshold, settings.seed + _CHECK_SEED, find_buckets)
    leaks.raise_if_any()
    return leaks

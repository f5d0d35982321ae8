"""The way from raw sources to published splits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from mh_batch.datasets.preparation.balance import balanced
from mh_batch.datasets.preparation.card import Card, data_card, readme
from mh_batch.datasets.preparation.copies import by_trust, without_copies, without_near_copies
from mh_batch.datasets.preparation.integration import integrate, label_columns
from mh_batch.datasets.preparation.leaks import LeakCheck, check_leaks
from mh_batch.datasets.preparation.near_copies import FindBuckets, clusters, local_buckets, near_pairs
from mh_batch.datasets.preparation.publishing import check_free, draft_of, write_card, write_left_out, write_splits
from mh_batch.datasets.preparation.reading import Origin, read_source
from mh_batch.datasets.preparation.recipe import Recipe
from mh_batch.datasets.preparation.splitting import SPLITS, split_rows, together
from mh_batch.errors import PreparationError, ValidationError
from mh_batch.settings import PrepareSettings

# Far from the seeds of the rounds that took near-copies out: the check is to draw other hashes.
_CHECK_SEED = 1_000_003

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A published data set."""

    folder: Path
    card: Card

    def summary(self) -> str:
        """Counts, what was left out, and where the data set lies, in lines."""
        rows, splits, leaks = self.card["rows"], self.card["splits"], self.card["leaks"]
        left_out = ", ".join(f"{reason} {number:,}" for reason, number in self.card["left_out"].items()) or "none"
        return "\n".join(
            [
                f"{self.card['name']}: {rows['read']:,} rows read, {rows['used']:,} used",
                "  " + ", ".join(f"{name} {number:,}" for name, number in splits.items()),
                f"  left out: {left_out}",
                f"  labels in conflict: copies {self.card['conflicts']['copies']:,}, "
                f"near-copies {self.card['conflicts']['near_copies']:,}",
                f"  in two splits: copies {leaks['copies']}, near-copies {leaks['near_copies']}, authors {leaks['authors']}",
                f"  data card: {self.folder / 'README.md'}",
            ]
        )


def prepare(recipe: Recipe, settings: PrepareSettings, say: Say = lambda stage: None) -> Prepared:
    """Read the sources of a recipe, take copies out, balance, split, check for leaks, and publish.

    Args:
        recipe: What to make of which sources.
        settings: Where, and with which seed, shares and threshold.
        say: Told which stage begins.

    Raises:
        UsageError: a source or the place for the output is not as it should be; nothing was written.
        LeakError: the written splits share texts or authors; nothing was published.
    """
    check_free(settings.output, settings.overwrite)
    rows, left_out, origins = _read(recipe, settings.data, say)
    with _bucket_finder(settings, len(rows)) as find_buckets:
        say(f"{len(rows):,} usable rows: taking copies and near-copies out")
        rows, more, conflicts = _without_copies(rows, recipe, settings, find_buckets)
        rows, drawn_out = _balanced(rows, recipe, settings.seed)
        left_out = pd.concat([left_out, more, drawn_out], ignore_index=True)
        _check_books(origins, rows, left_out)
        say(f"{len(rows):,} rows left: splitting")
        rows = _split(rows, recipe, settings)
        with draft_of(settings.output) as draft:
            write_splits(draft, rows, recipe, SPLITS)
            write_left_out(draft, left_out)
            say("checking the written splits for leaks")
            leaks = _checked(draft, settings, find_buckets)
            card = data_card(recipe, settings, origins, rows, left_out, conflicts, leaks)
            write_card(draft, card, readme(card))
    return Prepared(settings.output, card)


def _read(recipe: Recipe, folder: Path | None, say: Say) -> tuple[pd.DataFrame, pd.DataFrame, list[Origin]]:
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
    from mh_batch.scoring.session import command_session, run_settings

    with command_session("mh-batch prepare") as spark, run_settings(spark):
        yield spark_buckets(spark)


def _without_copies(
    rows: pd.DataFrame, recipe: Recipe, settings: PrepareSettings, find_buckets: FindBuckets
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    labels = label_columns(recipe.labels)
    once = without_copies(rows, labels)
    if settings.near_copies == "keep":
        pairs = near_pairs(list(once.rows["comparable"]), settings.threshold, settings.seed, find_buckets)
        numbered = once.rows.assign(cluster=clusters(pairs, len(once.rows)))
        return numbered, once.left_out, {"copies": once.conflicts, "near_copies": 0}
    apart = without_near_copies(once.rows, labels, settings.threshold, settings.seed, find_buckets)
    left_out = pd.concat([once.left_out, apart.left_out])
    conflicts = {"copies": once.conflicts, "near_copies": apart.conflicts}
    return apart.rows.assign(cluster=np.arange(len(apart.rows))), left_out, conflicts


def _balanced(rows: pd.DataFrame, recipe: Recipe, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    chosen = rows["source"].isin([source.name for source in recipe.sources if source.balance_lengths])
    drawn, drawn_out = balanced(rows[chosen], seed)
    return pd.concat([rows[~chosen], drawn]).sort_index().reset_index(drop=True), drawn_out


def _check_books(origins: list[Origin], rows: pd.DataFrame, left_out: pd.DataFrame) -> None:
    read = sum(origin.rows for origin in origins)
    if read != len(rows) + len(left_out):
        raise ValidationError(f"{read:,} rows read, but {len(rows):,} used and {len(left_out):,} left out")


def _split(rows: pd.DataFrame, recipe: Recipe, settings: PrepareSettings) -> pd.DataFrame:
    columns = label_columns(recipe.labels)
    one_label = recipe.task == "single_label"
    named = rows.assign(label=_one_label(rows[columns], recipe.labels) if one_label else None)
    strata = pd.DataFrame({"train_only": _train_only(rows, recipe)} | _strata(named, recipe, columns))
    split = np.zeros(len(rows), dtype=np.int64)
    dealt = ~strata["train_only"].to_numpy()
    groups = together(len(rows), list(rows["author"]), list(rows["cluster"]))
    # What belongs to a row that may only train is not to be judged on either.
    dealt &= ~np.isin(groups, groups[~dealt])
    ids = rows["doc_id"].to_numpy()
    split[dealt] = split_rows(strata[dealt], ids[dealt], groups[dealt], settings.shares, settings.seed)
    stratum = strata.groupby(list(strata.columns), dropna=False).ngroup()
    numbered = {"split": [SPLITS[number] for number in split], "stratum": stratum, "author": _numbers(rows["author"])}
    return named.assign(**numbered)


def _one_label(claims: pd.DataFrame, labels: tuple[str, ...]) -> list[str]:
    return [labels[place] for place in claims.to_numpy().argmax(axis=1)]


def _train_only(rows: pd.DataFrame, recipe: Recipe) -> pd.Series:
    return rows["source"].isin([source.name for source in recipe.sources if source.use == "train"])


def _strata(rows: pd.DataFrame, recipe: Recipe, labels: list[str]) -> dict[str, pd.Series]:
    """The columns to stratify on; several labels are one dimension, their combination."""
    combined = rows[labels].astype(str).agg(" ".join, axis=1)
    return {name: combined if name == "label" else rows[name].fillna("") for name in recipe.stratify}


def _numbers(authors: pd.Series) -> pd.Series:
    """Numbers that say who wrote together, and not who: in the order of the first row."""
    codes, _ = pd.factorize(authors)
    return pd.Series(codes, index=authors.index, dtype="Int64").mask(codes < 0)


def _checked(draft: Path, settings: PrepareSettings, find_buckets: FindBuckets) -> LeakCheck:
    written = {
        name: pq.read_table(draft / f"{name}.parquet", columns=["text", "author"]).to_pandas() for name in SPLITS
    }
    leaks = check_leaks(written, settings.threshold, settings.seed + _CHECK_SEED, find_buckets)
    leaks.raise_if_any()
    return leaks

"""Labelled rows without their texts: what holds of each, and which groups it is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from mh_batch.common.redaction import messages_withheld
from mh_batch.corpus import detect_language
from mh_batch.datasets.text_features import LENGTH_BANDS, length_band
from mh_batch.errors import CorpusError
from mh_batch.evaluation.data.truth import Truth
from mh_batch.evaluation.measures.metrics import Flags, Floats
from mh_batch.models import known_languages

Groups = npt.NDArray[np.object_]
ALL = "all"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class LabelledData:
    """Labelled rows.

    Attributes:
        doc_ids: Identifiers.
        places: Where each row stands in the files.
        clusters: Number of what the bootstrap draws: each row's author, or the row itself.
        labels: Labels of the data.
        known: 1 or 0, rows x labels; NaN where nobody knows.
        groups: For each kind of group the group of each row.
    """

    doc_ids: npt.NDArray[np.object_]
    places: npt.NDArray[np.int64]
    clusters: npt.NDArray[np.int64]
    labels: tuple[str, ...]
    known: Floats
    groups: Mapping[str, Groups]

    def where(self, chosen: Flags) -> LabelledData:
        """Return the chosen rows."""
        return replace(
            self,
            doc_ids=self.doc_ids[chosen],
            places=self.places[chosen],
            clusters=self.clusters[chosen],
            known=self.known[chosen],
            groups={kind: values[chosen] for kind, values in self.groups.items()},
        )

    def cuts(self) -> Iterator[tuple[str, str, npt.NDArray[np.int64]]]:
        """Yield all rows, then those of each group of each kind that has several, as (kind, group, rows)."""
        yield ALL, ALL, np.arange(len(self.doc_ids))
        for kind, values in self.groups.items():
            names = _in_order(kind, set(values))
            for name in names if len(names) > 1 else ():
                yield kind, name, np.flatnonzero(values == name)


def _in_order(kind: str, names: set[str]) -> Sequence[str]:
    return [band for band in LENGTH_BANDS if band in names] if kind == "length_band" else sorted(names)


def text_facts(texts: Sequence[str | None], detect: bool) -> tuple[list[str | None], list[str | None]]:
    """Return each text's length band, and its likeliest language (ISO 639-1) if `detect`; None without a text."""
    languages = known_languages()
    present = [text if text and text.strip() else None for text in texts]
    bands = [None if text is None else length_band(len(text.split())) for text in present]
    return bands, [None if text is None or not detect else detect_language(text, languages) for text in present]


def facts_of_batches(batches: Iterable[pa.RecordBatch], detect: bool) -> Iterator[pa.RecordBatch]:
    """Look at the texts of batches of `doc_id, text`; yield `doc_id, band, language`, as a Spark task does."""
    with messages_withheld():
        for batch in batches:
            bands, languages = text_facts(batch["text"].to_pylist(), detect)
            columns = [batch["doc_id"], pa.array(bands, pa.string()), pa.array(languages, pa.string())]
            yield pa.RecordBatch.from_arrays(columns, names=["doc_id", "band", "language"])


def lacks_languages(table: pa.Table) -> bool:
    """Whether a row of labelled data does not say its language."""
    return "language" not in table.column_names or bool(table["language"].null_count)


def labelled_data(
    table: pa.Table, truth: Truth, bands: Sequence[str | None], detected: Sequence[str | None]
) -> LabelledData:
    """Join what the data says with what the texts show; rows without text or without any known label are left out.

    Args:
        table: The files' rows, by the contract's names.
        truth: What holds of each.
        bands: Length band of each text; None without a text.
        detected: Its language, if it was detected.

    Raises:
        CorpusError: no row is left.
    """
    frame = pd.DataFrame({"band": list(bands), "detected": list(detected)}, dtype=object)
    given = {name: _column(table, name) for name in ("language", "source", "author_id")}
    language = pd.Series(given["language"], dtype=object).fillna(frame["detected"]).fillna(UNKNOWN)
    groups = {
        "language": language.to_numpy(object),
        "length_band": frame["band"].to_numpy(object),
        "source": pd.Series(given["source"], dtype=object).fillna(UNKNOWN).to_numpy(object),
    }
    data = LabelledData(
        np.array(table["doc_id"].to_pylist(), dtype=object),
        np.arange(len(table)),
        _clusters(given["author_id"]),
        truth.labels,
        truth.known,
        groups,
    )
    usable = frame["band"].notna().to_numpy() & ~np.isnan(truth.known).all(axis=1)
    if not usable.any():
        raise CorpusError("no row of the data has both a text and a label")
    return data.where(usable)


def _column(table: pa.Table, name: str) -> list[str | None]:
    found: list[str | None] = table[name].to_pylist() if name in table.column_names else [None] * len(table)
    return found


def _clusters(authors: Sequence[str | None]) -> npt.NDArray[np.int64]:
    """Number authors; a row without one stands for itself."""
    codes, named = pd.factorize(np.array(authors, dtype=object))
    alone = np.flatnonzero(codes < 0)
    codes = codes.astype(np.int64)
    codes[alone] = len(named) + np.arange(len(alone))
    return codes

"""The share of labelled sentences whose language is found: `python -m tests.corpus.languages --sentences FILE.parquet`.

The file has the columns `text` and `language`; it may have several of a `source`. `nb` and `nn` count as `no`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from mh_batch.corpus import UNDETERMINED
from mh_batch.corpus.language import identify_language
from mh_batch.models import known_languages

_NORWEGIAN = {"nb": "no", "nn": "no"}
_LENGTHS = (0, 20, 40, 80, 1_000_000)


def judge(sentences: pd.DataFrame) -> pd.DataFrame:
    """Add to sentences what detection says: `known`, `right`, `undetermined`, `known_by_mistake` and `lost`.

    `lost` are sentences of the languages that the shipped models know, taken to be in others.
    """
    known = list(known_languages())
    language = sentences["language"].replace(_NORWEGIAN)
    found = sentences["text"].map(lambda text: identify_language(text, known_languages())).replace(_NORWEGIAN)
    undetermined = found == UNDETERMINED
    facts = {
        "known": language.isin(known),
        "right": found == language,
        "undetermined": undetermined,
        "known_by_mistake": found.isin(known) & ~language.isin(known),
        "lost": language.isin(known) & ~found.isin(known) & ~undetermined,
        "length": pd.cut(sentences["text"].str.len(), _LENGTHS),
    }
    return sentences.assign(language=language, **facts)


def shares(judged: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Return what share of the sentences of each group was found right, and how the others went wrong, in per cent."""
    groups = judged.groupby(list(by), observed=True)
    counted = groups[["right", "undetermined", "known_by_mistake", "lost"]].mean().mul(100).round(2)
    return counted.assign(sentences=groups.size())


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=Path, required=True)
    judged = judge(pd.read_parquet(parser.parse_args().sentences))
    sources = ["source"] if "source" in judged else []
    for by in (["language", *sources], ["known", *sources], ["known", "length"]):
        print(shares(judged, *by).to_string(), end="\n\n")


if __name__ == "__main__":
    _main()

"""Data sets: a phrase grammar in six languages and a synthetic corpus drawn from it.

`load_grammar` gives sentences and texts by state of mind; `write_synthetic_corpus` writes a folder of
Parquet files with authors, dates, consent and a known number of broken rows. All of it is synthetic.
The package `generation` asks a language model, or the same grammar, for labelled texts to train on.
"""

from mh_batch.datasets.broken_rows import BROKEN_ROWS
from mh_batch.datasets.grammar import LANGUAGES, STATES, Grammar, load_grammar
from mh_batch.datasets.synthetic_corpus import SyntheticCorpus, write_synthetic_corpus

__all__ = [
    "BROKEN_ROWS",
    "LANGUAGES",
    "STATES",
    "Grammar",
    "SyntheticCorpus",
    "load_grammar",
    "write_synthetic_corpus",
]

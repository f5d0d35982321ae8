"""Commands that succeed and that fail on texts, names and addresses, with everything logged that Spark can log.

Run in a process of its own (`python -m tests.leak_search FOLDER`), so that all that is printed can be looked through.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark import TaskContext
from pyspark.sql import DataFrame, functions as F

from mh_batch.cli import main
from mh_batch.inference import Execution, ScoredTexts, TokenizedTexts, TokenSequences
from mh_batch.models import Model
from mh_batch.scoring import run as run_module
from mh_batch.scoring.tables import scores_table
from mh_batch.spark import command_session
from tests.scoring.corpora import SCHEMA, document
from tests.texts import PLANTED

AUTHOR, ADDRESS = "Ottilie Quandt-Zebrowska", "ottilie.quandt@post.example"
# These stand in the outputs by contract, and nowhere else.
DOC_ID, REGION, SOURCE = "notebook-page", "Zwischenwasser", "kitchen-diary"
GROUPS = ["--precision", "fp32", "--min-authors", "1", "--group-by", "region,source"]


def raise_chained(text: str) -> None:
    try:
        raise KeyError(text)
    except KeyError as error:
        error.add_note(text)
        raise RuntimeError(f"cannot digest {text}") from error


def convert(text: str) -> None:
    pa.array([text], pa.int64())


def panic(text: str) -> None:
    class PanicException(BaseException):  # as of tokenizers, which is no Exception
        pass

    raise PanicException(f"byte index 1 is not a char boundary; it is inside {text!r}")


QUOTES = (raise_chained, convert, panic)


def _quote(text: str) -> None:
    context = TaskContext.get()
    assert context is not None
    QUOTES[context.attemptNumber() % len(QUOTES)](text)


class QuotingTokenizer:
    """Quotes what it chokes on: in another way each time that its task is tried."""

    def tokenize(self, texts: list[str]) -> TokenizedTexts:
        for text in texts:
            _quote(text)
        raise AssertionError


class SpellingTokenizer:
    """Makes a token of each letter."""

    def tokenize(self, texts: list[str]) -> TokenizedTexts:
        return TokenizedTexts(TokenSequences.of([[ord(letter) for letter in text] for text in texts]))


class QuotingScorer:
    """Stands in for a model, and quotes what it chokes on, spelt out again."""

    def score_tokens(self, texts: Iterable[TokenizedTexts]) -> Iterator[ScoredTexts]:
        for part in texts:
            _quote("".join(map(chr, part.tokens.ids)))
        yield from ()


@dataclass(frozen=True)
class QuotingLoader:
    """Loads what quotes texts: a tokenizer, or a model."""

    tokenizes: bool

    def tokenizer(self, model: Model) -> QuotingTokenizer | SpellingTokenizer:
        return QuotingTokenizer() if self.tokenizes else SpellingTokenizer()

    def scorer(self, model: Model, execution: Execution, device: str, token_budget: int | None) -> QuotingScorer:
        return QuotingScorer()


def corpus(path: Path) -> str:
    """Write documents that hold what must not be seen again, some of them broken."""
    said: dict[str, Any] = {"author_id": AUTHOR, "region": REGION, "source": SOURCE}
    rows = [document(f"{DOC_ID}-{i}", f"{text} Write to {ADDRESS}.", **said) for i, text in enumerate(PLANTED)]
    rows += [document(f"{DOC_ID}-mail", f"{PLANTED[0]} {AUTHOR}", **{**said, "author_id": ADDRESS})]
    rows += [document(f"{DOC_ID}-nul", f"{PLANTED[1]}\0", **said), document(None, PLANTED[2], **said)]
    rows += [document(f"{DOC_ID}-language", PLANTED[0], **{**said, "language": f"{AUTHOR} {ADDRESS}"})]
    rows += [document(f"{DOC_ID}-no", PLANTED[0], **{**said, "consent": []})]
    rows += [document(f"{DOC_ID}-0", f"{PLANTED[1]} A copy of an id.", **said)]
    dates = [None] * (len(rows) - 1) + [f"{PLANTED[2]} {ADDRESS}"]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.set_column(table.schema.get_field_index("created_at"), "created_at", pa.array(dates)), path)
    return str(path)


def garbled(path: Path) -> str:
    """Write a corpus whose pages are damaged, under a sound footer."""
    corpus(path)
    content = path.read_bytes()
    path.write_bytes(content[:60] + bytes(200) + content[260:])
    return str(path)


def broken_table(*arguments: Any) -> DataFrame:
    return scores_table(*arguments).withColumn("p_depressed", F.lit(1.5))


def fail_on_driver(*arguments: Any) -> None:
    raise ValueError(f"{PLANTED[0]} {AUTHOR} {ADDRESS}") from KeyError(PLANTED[1])


def scenarios(root: Path) -> Iterator[tuple[str, str, str, Any]]:
    """Name, corpus, output and what is made to fail; where nothing is left to be scored the output is an old one."""
    sound = corpus(root / "in" / "sound" / "sound.parquet")
    yield "sound", sound, "sound", None
    for name, tokenizes in (("tokenizer", True), ("scorer", False)):
        quoting = partial(run_module.execute, load=QuotingLoader(tokenizes))
        yield name, sound, name, patch.object(run_module, "execute", quoting)
    yield "garbled", garbled(root / "in" / "garbled.parquet"), "garbled", None
    yield "invalid", sound, "sound", patch("mh_batch.scoring.model_scoring.scores_table", broken_table)
    yield "driver", sound, "sound", patch("mh_batch.scoring.run.write_report", fail_on_driver)


def run(root: Path) -> None:
    metrics = str(root / "logs" / "metrics.jsonl")
    with command_session("planted"):
        for name, documents, output, failing in scenarios(root):
            flags = ["--input", documents, "--output", str(root / "out" / output), "--metrics", metrics]
            with failing or nullcontext():
                code = main(["score", *flags, "--model", "xlmr-depression-mini", "--partitions", "1", *GROUPS])
            print(f"{name}: exit code {code}")


if __name__ == "__main__":
    run(Path(sys.argv[1]))

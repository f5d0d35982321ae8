"""A few architectures of each kind; all of them by `python -m tests.inference.architectures`."""

import pytest

from mh_batch.models import Model
from tests.inference.architectures import ARCHITECTURES, PAGE, Outcome, outcome_of, sample_texts

# Decoders that pool the last token that is no padding, or the last position; encoders that read padding; a random
# projection, and a table of positions that begins behind the padding index.
SOUND = ["convbert", "fnet", "gpt2", "llama", "mpnet", "nystromformer", "qwen2", "roberta", "t5", "xlnet"]


@pytest.mark.parametrize("architecture", SOUND)
def test_a_score_depends_on_nothing_but_its_text(longformer_mini: Model, architecture: str) -> None:
    found = outcome_of(architecture, longformer_mini.tokenizer_folder, sample_texts())
    assert found == Outcome("exact engine" if architecture == "roberta" else "reference engine")


def test_an_architecture_that_needs_more_than_a_text_is_refused_by_name(longformer_mini: Model) -> None:
    found = outcome_of("xmod", longformer_mini.tokenizer_folder, sample_texts())
    assert found.kind == "refused"
    assert "architecture xmod cannot read a text (ValueError)" in found.why


def test_the_page_lists_every_architecture() -> None:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [row[1].strip(" `") for row in rows] == ARCHITECTURES
    listed = {row[1].strip(" `"): row[2].strip() for row in rows}
    assert {listed[name] for name in SOUND} == {"exact engine", "reference engine"}
    assert listed["xmod"] == "refused"

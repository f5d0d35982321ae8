"""A generation that an earlier version began goes on: names and keys of its files are written out here by hand."""

from pathlib import Path

import pytest

from mh_batch.datasets.generation import GenerationPlan, draw_plan, load_generation_recipe
from mh_batch.datasets.generation.batch_ledger import BatchLedger
from mh_batch.datasets.generation.generation_folder import GenerationFolder, read_outcomes

LEDGER = """\
{"event": "intended", "number": 0, "ids": ["fbe7273390131830-000000-0", "fbe7273390131830-000001-0"], \
"newest_before": null, "at": 1772000000.5}
{"event": "accepted", "number": 0, "batch": "msgbatch_1", "at": 1772000001.5}
{"event": "collected", "number": 0, "batch": "msgbatch_1", "at": 1772000002.5}
{"event": "intended", "number": 1, "ids": ["fbe7273390131830-000002-0"], "newest_before": "msgbatch_1", \
"at": 1772000003.5}
{"event": "accepted", "number": 1, "batch": "msgbatch_2", "at": 1772000004.5}
"""
ANSWERS = """\
{"custom_id": "fbe7273390131830-000000-0", "fate": "succeeded", "error": "", "model": "m", \
"text": "{\\"texts\\": []}", "stop_reason": "end_turn", "input_tokens": 700, "output_tokens": 50}
{"custom_id": "fbe7273390131830-000001-0", "fate": "errored", "error": "overloaded_error", "model": "", "text": "", \
"stop_reason": "", "input_tokens": 0, "output_tokens": 0}
"""


@pytest.fixture
def plan() -> GenerationPlan:
    return draw_plan(load_generation_recipe(), 7, "anthropic", 48)


@pytest.fixture
def folder(tmp_path: Path) -> GenerationFolder:
    (tmp_path / "ledger.jsonl").write_text(LEDGER)
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "000000.jsonl").write_text(ANSWERS)
    return GenerationFolder(tmp_path)


def test_what_was_sent_and_answered_before_is_not_asked_again(plan: GenerationPlan, folder: GenerationFolder) -> None:
    ledger = BatchLedger(folder.ledger)
    ledger.check_plan(plan.digest)
    found = read_outcomes(plan, ledger, folder)
    assert [(request.number, answer.input_tokens) for request, answer in found.succeeded()] == [(0, 700)]
    assert [one.batch for one in ledger.at("accepted")] == ["msgbatch_2"]
    asked = [one.custom_id for one in found.to_ask()]
    assert asked[:2] == ["fbe7273390131830-000001-1", "fbe7273390131830-000003-0"]
    assert len(asked) == len(plan.requests) - 2
    assert found.batches["fbe7273390131830-000000-0"] == "msgbatch_1"


def test_plan_and_prompts_have_the_digests_that_they_had(plan: GenerationPlan) -> None:
    assert plan.digest == "fbe7273390131830"
    assert plan.prompt_hash(plan.requests[0]) == "f244bf3cfe70a139"

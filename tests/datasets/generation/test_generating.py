"""`mh-batch generate` against a server that plays the API."""

import json
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mh_batch.cli import main
from mh_batch.contracts import load_contract
from tests.datasets.generation.conftest import REQUESTS, Rows, rows
from tests.datasets.generation.played_api import Fault, PlayedApi

Arguments = Callable[[PlayedApi], list[str]]


def summary(output: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((output / "summary.json").read_text())
    return content


def test_texts_come_with_what_was_asked_and_where_they_are_from(
    api: PlayedApi, arguments: Arguments, output: Path
) -> None:
    api.looks_until_end = 3
    assert main(arguments(api)) == 0
    table = pq.ParquetFile(output / "texts.parquet").read()
    assert table.schema.equals(load_contract("generated").arrow_schema())
    assert set(api.accepted.values()) == {1}
    assert len(api.accepted) == REQUESTS
    carried = {one["custom_id"]: batch.name for batch in api.batches for one in batch.requests}
    for row in table.to_pylist():
        assert carried[row["custom_id"]] == row["batch_id"]
        assert row["label"] == (row["state"] == "unhealthy")
        assert (row["provider"], row["source"], row["model"]) == ("anthropic", "generated", "claude-sonnet-4-6")
    assert len({row["doc_id"] for row in table.to_pylist()}) == table.num_rows
    counts = summary(output)
    assert counts["asked"] == 48
    assert counts["taken"] == table.num_rows
    assert counts["tokens"] == {"input": 700 * REQUESTS, "output": 50 * REQUESTS}
    # By hand: 20 requests of 700 tokens at 3 dollars and 50 tokens at 15 dollars a million, at half price.
    assert counts["dollars"] == pytest.approx(20 * (700 * 3 + 50 * 15) / 1e6 / 2)


def test_prompts_and_parameters_reach_the_api_as_the_plan_says(
    api: PlayedApi, arguments: Arguments, output: Path
) -> None:
    assert main(arguments(api)) == 0
    shared, *planned = [json.loads(line) for line in (output / "plan.jsonl").read_text().splitlines()]
    sent = {one["custom_id"]: one["params"] for batch in api.batches for one in batch.requests}
    for request in planned:
        assert sent[f"{shared['digest']}-{request['number']:06d}-0"] == {
            "model": "claude-sonnet-4-6",
            "max_tokens": 8192,
            "temperature": 0.6,
            "system": shared["system"],
            "messages": [{"role": "user", "content": request["prompt"]}],
        }
    # Later versions of the API refuse a temperature.
    assert {headers["anthropic-version"] for headers in api.headers} == {"2023-06-01"}


def test_without_temperature_the_current_version_of_the_api_is_spoken(
    api: PlayedApi, arguments: Arguments, tmp_path: Path
) -> None:
    with (tmp_path / "recipe.yaml").open("a") as recipe:
        recipe.write("model: claude-sonnet-5-5\ntemperature: null\n")
    assert main(arguments(api)) == 0
    assert all("temperature" not in one["params"] for batch in api.batches for one in batch.requests)
    assert "2023-06-01" not in {headers["anthropic-version"] for headers in api.headers}


def test_a_finished_folder_asks_nobody_again_and_needs_no_key(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(arguments(api)) == 0
    calls = len(api.calls)
    (output / "texts.parquet").unlink()
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert main(arguments(api)) == 0
    assert len(api.calls) == calls
    assert rows(output) == undisturbed


@pytest.mark.parametrize(
    "faults",
    [
        ["500 before"],
        ["500 after"],
        ["drop before"],
        ["drop after"],
        ["429"],
        ["529", "429"],
        ["drop after", "500 after", "drop after"],
        ["500 before", "drop after", "429", "500 after"],
    ],
    ids=", ".join,
)
def test_whatever_happens_to_a_creation_each_request_is_accepted_once(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows, faults: list[Fault]
) -> None:
    api.faults = deque(faults)
    assert main(arguments(api)) == 0
    assert len(api.accepted) == REQUESTS
    assert set(api.accepted.values()) == {1}
    assert rows(output) == undisturbed


def test_a_rate_limit_is_waited_out_for_as_long_as_the_api_says(api: PlayedApi, arguments: Arguments) -> None:
    api.faults, api.retry_after = deque(["429"]), "1.5"
    assert main(arguments(api)) == 0
    first, second = [when for when, call in zip(api.times, api.calls, strict=True) if call.startswith("POST")][:2]
    assert second - first >= 1.5


def test_a_lost_batch_is_found_among_those_of_others(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows
) -> None:
    api.others_before, api.others_after = (7, 3, 7), (7, 6, 7)
    api.faults = deque(["drop after"])
    assert main(arguments(api)) == 0
    assert set(api.accepted.values()) == {1}
    assert rows(output) == undisturbed


def test_a_stream_that_breaks_is_read_again(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows
) -> None:
    api.broken_streams = 2
    assert main(arguments(api)) == 0
    assert set(api.accepted.values()) == {1}
    assert rows(output) == undisturbed


def test_looks_that_fail_are_repeated(api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows) -> None:
    api.failing_looks = 3
    assert main(arguments(api)) == 0
    assert rows(output) == undisturbed


def test_requests_that_failed_are_asked_again_a_few_times_and_counted(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows
) -> None:
    api.fates = {0: ["expired"], 3: ["api_error", "overloaded_error"], 8: ["canceled"], 11: ["api_error"] * 9}
    assert main(arguments(api)) == 0
    attempts = {number: sum(f"-{number:06d}-" in one for one in api.accepted) for number in (0, 1, 3, 8, 11)}
    assert attempts == {0: 2, 1: 1, 3: 3, 8: 2, 11: 3}
    assert set(api.accepted.values()) == {1}
    counts = summary(output)
    assert counts["attempts"] == {
        "canceled": 1,
        "errored (api_error)": 4,
        "errored (overloaded_error)": 1,
        "expired": 1,
        "succeeded": REQUESTS - 1,
    }
    assert counts["given_up"] == 1
    assert rows(output) == [row for row in undisturbed if "-000011-" not in str(row["doc_id"])]


def test_a_request_that_the_api_finds_invalid_is_not_asked_again(
    api: PlayedApi, arguments: Arguments, output: Path
) -> None:
    api.fates = {5: ["invalid_request_error"] * 3}
    assert main(arguments(api)) == 0
    assert len(api.accepted) == REQUESTS
    assert summary(output)["given_up"] == 1


def test_a_run_that_brings_no_text_at_all_is_a_failure(
    api: PlayedApi, arguments: Arguments, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.fates = {number: ["not_found_error"] for number in range(REQUESTS)}
    assert main(arguments(api)) == 1
    printed = capsys.readouterr()
    assert f"attempts: errored (not_found_error) {REQUESTS}" in printed.out
    assert "no text came of it" in printed.err
    assert summary(output)["dollars"] == 0


def test_a_refused_batch_is_an_error_and_can_be_sent_later(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    api.faults = deque(["400"])
    assert main(arguments(api)) == 1
    said = capsys.readouterr().err
    assert "the batch was refused (400, invalid_request_error)" in said
    assert "PRIVATE" not in said
    assert main(arguments(api)) == 0
    assert set(api.accepted.values()) == {1}
    assert rows(output) == undisturbed


def test_nothing_is_sent_without_a_key_with_a_dry_run_or_beyond_the_highest_cost(
    api: PlayedApi, arguments: Arguments, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([*arguments(api), "--max-cost", "0.001"]) == 2
    assert "more than --max-cost 0.001:" in capsys.readouterr().err
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert main([*arguments(api), "--dry-run"]) == 0
    assert re.search(
        r"48 texts; estimate: 20 requests, [\d,]+ tokens in, [\d,]+ out, 0\.\d\d US dollars", capsys.readouterr().out
    )
    assert main(arguments(api)) == 2
    assert "set ANTHROPIC_API_KEY" in capsys.readouterr().err
    assert api.calls == []


def test_another_plan_does_not_mix_with_the_answers_of_the_first(
    api: PlayedApi, arguments: Arguments, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(api)) == 0
    calls = len(api.calls)
    assert main([*arguments(api), "--seed", "43"]) == 2
    assert "holds answers to another plan" in capsys.readouterr().err
    assert len(api.calls) == calls


def test_ledger_and_answers_are_for_the_owner_alone(api: PlayedApi, arguments: Arguments, output: Path) -> None:
    assert main(arguments(api)) == 0
    private = [output / "ledger.jsonl", *(output / "answers").iterdir()]
    assert {file.stat().st_mode & 0o777 for file in private} == {0o600}
    assert (output / "answers").stat().st_mode & 0o777 == 0o700


def test_messages_hold_no_text(
    api: PlayedApi, arguments: Arguments, undisturbed: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(api)) == 0
    printed = "".join(capsys.readouterr())
    assert not [row for row in undisturbed if str(row["text"])[:12] in printed]

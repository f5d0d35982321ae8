import os
import subprocess
import sys

import pytest

from mh_batch.common.console import announce
from mh_batch.models import load_cards
from tests.commands.running import XLMR, run


@pytest.mark.parametrize(("before", "after"), [("C", "C.UTF-8"), ("POSIX", "C.UTF-8"), ("C.UTF-8", "C.UTF-8")])
def test_a_jvm_that_is_started_knows_all_letters_of_names(before: str, after: str) -> None:
    program = "import os; from mh_batch.cli import main; main(['scroe']); print(os.environ['LC_ALL'])"
    environment = {**os.environ, "LC_ALL": before}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == f"{after}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scroe"], "no command 'scroe': did you mean 'score'?"),
        ([], "the following arguments are required: COMMAND"),
        (["score", "--modle", "x"], "unknown argument '--modle': did you mean '--model'?"),
        (["score", "--mod", "x"], "unknown argument '--mod'"),
        (["score", "--input", "a", "--model", XLMR], "the setting 'output' is missing (--output)"),
        (["score", "--input", "a", "--output", "o", "--model", "xlmr-depresion-mini"], f"did you mean '{XLMR}'?"),
        (["score", "--input", "a", "--output", "o", "--model", XLMR, "--columns", "text"], "takes NAME=VALUE pairs"),
        (["score", "--input", "a", "--output", "o", "--model", XLMR, "--columns", "txt=a"], "did you mean 'text'?"),
        (["score", "--input", "a", "--output", "o", "--model", XLMR, "--period", "weak"], "did you mean 'week'?"),
        (["score", "--input", "a", "--output", "o", "--model", XLMR, "--device", "gpu"], "bad value for 'device'"),
        (
            ["score", "--input", "a", "--output", "o", "--model", XLMR, "--threshold", "depresed=0.6"],
            "threshold for 'depresed', a label of none of the models: did you mean 'depressed'?",
        ),
        (
            ["score", "--input", "a", "--output", "o", "--model", XLMR, "--threshold", "depressed=six"],
            "bad value for 'threshold.depressed'",
        ),
        (["score", "--config", "gone.yaml"], "the configuration file gone.yaml cannot be read"),
        (["models", "xlmr"], "no card 'xlmr'"),
        (["runs", "--output", "empty"], "empty holds no runs"),
        (["report", "--output", "empty"], "holds no published run"),
        (["validate", "--output", "empty", "--run", "x"], "holds no published run"),
        (["classify", " "], "no text to classify"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_right(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("mh-batch: ")


@pytest.mark.parametrize(
    ("flags", "messages"),
    [([], 2), (["--quiet"], 1), (["--verbose"], 5)],
)
def test_quiet_and_verbose_change_messages_and_not_results(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, flags: list[str], messages: int
) -> None:
    def weights(*_: object) -> str:
        announce("looking for weights")
        return "somewhere"

    monkeypatch.setattr("mh_batch.models.weights_at_hand", weights)
    monkeypatch.setattr("mh_batch.models.load_cards", lambda: {XLMR: load_cards()[XLMR]})
    code, out, err = run(capsys, "models", *flags)
    assert code == 0
    assert "somewhere" in out
    assert ("looking for weights" in err) == ("--quiet" not in flags)
    failed, _, said = run(capsys, "models", "x", *flags)
    assert failed == 2
    assert "no card 'x'" in said
    assert len((err + said).splitlines()) == messages


def test_the_help_imports_neither_spark_nor_models() -> None:
    program = "import sys; from mh_batch import cli; cli.parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"pyspark", "torch", "transformers", "pandas", "pyarrow"} & {*done.stdout.split()}

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["mh_batch.inference.scorer_loading", "mh_batch.models", "mh_batch.scoring.inference.score_task"]
)
def test_reading_texts_with_a_model_needs_no_great_expectations(module: str) -> None:
    assert imported_by(module, "great_expectations") == "False"


@pytest.mark.parametrize("module", ["mh_batch.inference.engines.huggingface", "mh_batch.inference.scorer_loading"])
def test_inference_needs_no_spark(module: str) -> None:
    assert imported_by(module, "pyspark") == "False"


@pytest.mark.parametrize("module", ["mh_batch.inference.tokenization", "mh_batch.scoring.inference.tokenise_task"])
def test_tokenising_needs_no_torch(module: str) -> None:
    assert imported_by(module, "torch") == "False"


def imported_by(module: str, package: str) -> str:
    program = f"import sys, {module}; print('{package}' in sys.modules)"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()

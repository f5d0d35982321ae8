import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from mh_batch.benchmark.__main__ import measure_from_flags
from mh_batch.benchmark.device.families import FAMILIES

# What a bare machine may lack, made unimportable before anything of the project is imported.
LACKING = (
    *("pyspark", "great_expectations", "pyarrow", "typer", "pandas", "scipy", "altair", "jinja2", "huggingface_hub"),
    *("transformers", "sentence_transformers"),
)
BARE = f"import sys; sys.modules.update(dict.fromkeys({LACKING!r}));"

OWN = ("engine_from_ids", "from_texts", "stream")
PEERS = ("hugging_face_sorted_from_ids", "pipeline_32", "cross_encoder_32", "cross_encoder_512")


def arguments(folder: Path, *more: str) -> list[str]:
    texts = [f"A day {n} with rain, and {'soup ' * (n % 9)}for {n % 5}." for n in range(60)]
    (folder / "t.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
    pace = ["--seconds", "0.02", "--rounds", "2", "--processes", "1", "--device", "cpu", "--small"]
    return ["--texts", str(folder / "t.jsonl"), "--output", str(folder / "found.json"), *pace, *more]


def found_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return found


def test_a_bare_machine_measures_our_engine_and_names_what_it_lacks(tmp_path: Path) -> None:
    given = arguments(tmp_path, "--precision", "bf16")
    run = f"from mh_batch.benchmark.__main__ import measure_from_flags; sys.exit(measure_from_flags({given!r}))"
    program = f"{BARE} {run}"
    # Networks this small gain nothing from a second thread, and wait for it where cores are shared.
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=alone)
    assert done.returncode == 0, done.stderr
    found = found_in(tmp_path)
    assert found["matrix_peak"]["operations_per_second"] > 0
    assert set(found["families"]) == set(FAMILIES)
    for family in found["families"].values():
        mixed = family["mixed"]
        for name in OWN:
            assert mixed[name]["median"]["share_of_peak"] > 0
            assert [one["failed"] for one in mixed[name]["rounds"]] == [0, 0]
        parts = mixed["from_texts"]["rounds"][0]
        assert parts["tokenise_seconds"] + parts["compute_seconds"] == pytest.approx(parts["seconds"], rel=0.05)
        assert mixed["start"]["first_result_seconds"] > 0
        assert mixed["texts"]["made"] > 0, "a corpus of 60 is soon used up"
        for name in PEERS[:2]:
            assert mixed[name]["problem"] == "transformers is not installed"
        for name in PEERS[2:]:
            assert mixed[name]["problem"] == "sentence_transformers is not installed"
        for length in family["lengths"].values():
            assert length["engine"]["median"]["tokens_per_second"] > 0
            assert length["hugging_face"]["problem"] == "transformers is not installed"
    names = [agreement["model"] for agreement in found["agreements"]]
    assert names == ["xlmr-depression-mini", "longformer-mental-health-mini"]
    assert all(agreement["texts"] == 60 for agreement in found["agreements"])


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_hugging_face_is_measured_with_us_and_says_the_same(tmp_path: Path) -> None:
    assert measure_from_flags(arguments(tmp_path, "--precision", "fp32", "--only", "longformer")) == 0
    found = found_in(tmp_path)
    assert set(found["families"]) == {"longformer"}
    family = found["families"]["longformer"]
    for name in ("hugging_face_sorted_from_ids", "pipeline_32"):
        assert family["mixed"][name]["median"]["texts_per_second"] > 0
    for length in family["lengths"].values():
        assert length["hugging_face"]["median"]["tokens_per_second"] > 0
        assert length["largest_difference_of_logits"] < 1e-5


def test_what_cannot_be_measured_here_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure_from_flags(arguments(tmp_path, "--tokenizers", str(tmp_path))) == 2
    assert "holds no tokenizer.json" in capsys.readouterr().err
    assert measure_from_flags(arguments(tmp_path, "--only", "longforme")) == 2
    assert "did you mean 'longformer'" in capsys.readouterr().err
    assert measure_from_flags(["--small"]) == 2
    assert "--texts" in capsys.readouterr().err

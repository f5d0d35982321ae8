"""The command, on texts of our own grammar and a shipped model."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from sklearn.metrics import f1_score, roc_auc_score

from mh_batch.cli import main
from mh_batch.contracts import load_contract
from mh_batch.evaluation.report.text_tables import INDICATOR
from mh_batch.models import read_card
from tests.evaluation.labelled_examples import labelled_texts, write_labelled
from tests.texts import files_with

XLMR = "xlmr-depression-mini"
FAST = ["--draws", "100", "--no-speed"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["evaluate", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation with everything: two models, two engines, speed, predictions, thresholds."""
    folder = tmp_path_factory.mktemp("evaluation")
    data, validation = write_labelled(folder / "data.parquet"), write_labelled(folder / "validation.parquet")
    arguments = ["--model", XLMR, "longformer-mental-health-mini", "--data", data, "--output", str(folder / "out")]
    speed = ["--draws", "100", "--speed-texts", "10", "--keep-predictions"]
    chosen = ["--threshold-criterion", "recall>=0.9", "--validation", validation]
    assert main(["evaluate", *arguments, *speed, *chosen, "--engine", "exact", "reference"]) == 0
    return folder / "out"


def test_tables_hold_their_contracts_and_figures_are_those_of_the_predictions(whole: Path) -> None:
    tables = {name: pq.read_table(whole / f"{name}.parquet") for name in ("metrics", "differences", "predictions")}
    for name, table in tables.items():
        assert table.schema == load_contract(name).arrow_schema()
    said = tables["predictions"].to_pandas()
    own = said[(said["model"] == XLMR) & (said["engine"] == "exact")]
    metrics = tables["metrics"].to_pandas().query(f"model == '{XLMR}' and engine == 'exact' and group_kind == 'all'")
    value = metrics.set_index("metric")["value"]
    assert value["roc_auc"] == pytest.approx(roc_auc_score(own["truth"], own["probability"]), abs=1e-12)
    assert value["f1"] == pytest.approx(f1_score(own["truth"].astype(bool), own["said"]), abs=1e-12)
    assert value["recall"] >= 0.9
    assert dict(zip(own["doc_id"], own["truth"], strict=True)) == {f"d{row}": bool(row % 2) for row in range(80)}


def test_engines_of_one_model_agree(whole: Path) -> None:
    said = pd.read_parquet(whole / "predictions.parquet").query(f"model == '{XLMR}'")
    by_engine = said.pivot(index="doc_id", columns="engine", values="probability")
    assert (by_engine["exact"] - by_engine["reference"]).abs().max() < 1e-4


def test_what_ran_on_what_is_written_down(whole: Path) -> None:
    about = json.loads((whole / "evaluation.json").read_text())
    assert about["data"]["rows_measured"] == 80
    assert len(about["data"]["sha256"]) == 64
    first = about["contenders"][0]
    assert (first["model"], first["engine"], first["thresholds_from"]) == (XLMR, "exact", "criterion")
    assert len(first["fingerprint"]) == 16
    assert first["speed"]["latency"]["p50"] <= first["speed"]["latency"]["p95"]
    assert about["machine"]["cores"] >= 1


def test_the_comparison_says_how_it_was_measured_and_shows_the_published_figures(whole: Path) -> None:
    text = (whole / "comparison.md").read_text()
    assert INDICATOR in text
    assert "thresholds by recall>=0.9 on" in text
    assert "longformer-mental-health-mini is for en; 40 rows are in other languages" in text
    assert "100 bootstrap samples of authors with all they wrote" in text
    assert "| xlmr-depression, ONNX quantised | published, not reproduced here | 0.9871 |" in text
    assert "not by P(class 1)" in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_no_file_holds_a_text_and_the_page_loads_nothing(whole: Path) -> None:
    assert files_with(whole, tuple(labelled_texts()["text"])) == []
    html = (whole / "index.html").read_text()
    assert "default-src 'none'" in html
    without_scripts = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img|iframe)\b", without_scripts)
    assert not re.search(r"<script [^>]*src", html)
    places = re.findall(r'data-chart="([^"]+)"', html)
    specs = json.loads(re.search(r'id="charts">(.*?)</script>', html, re.DOTALL)[1])["specs"]  # type: ignore[index]
    assert set(places) == set(specs)
    assert {"roc-1", "pr-1", "reliability-1", "models-1", "language-1", "length_band-1"} <= set(specs)
    assert all(row["y"] <= 1 for row in specs["roc-1"]["datasets"]["rows"])


@pytest.mark.browser
def test_a_browser_draws_every_chart_and_asks_for_nothing_else(whole: Path, browser: Any) -> None:
    page, complaints, requests = browser.new_page(), [], []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((whole / "index.html").as_uri())
    places = page.locator("[data-chart]").all()
    assert len(places) > 5
    for place in places:
        place.locator("svg path").first.wait_for(state="attached")
    assert complaints == []
    assert requests == [(whole / "index.html").as_uri()]


def test_several_labels_with_unknown_ones(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    unknown: list[Any] = [None if row < 10 else row % 2 for row in range(80)]
    data = write_labelled(
        tmp_path / "data.parquet", label=None, label_depressed=unknown, label_neutral=[1 - row % 2 for row in range(80)]
    )
    code, out, _ = run(capsys, "--model", "longformer-mental-health-mini", XLMR, "--data", data, *FAST,
                       "--output", str(tmp_path / "out"))  # fmt: skip
    assert code == 0
    assert f"{XLMR} says nothing of neutral" in out
    metrics = pd.read_parquet(tmp_path / "out" / "metrics.parquet").query(
        "group_kind == 'all' and metric == 'accuracy'"
    )
    assert metrics.set_index(["model", "label"])["n"].to_dict() == {
        ("longformer-mental-health-mini", "depressed"): 70,
        ("longformer-mental-health-mini", "neutral"): 80,
        (XLMR, "depressed"): 70,
    }
    assert "| F1, macro |" in (tmp_path / "out" / "comparison.md").read_text()


def test_a_folder_with_a_card_is_measured_and_its_card_gets_the_rates(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, carded: Path
) -> None:
    data = write_labelled(tmp_path / "data.parquet")
    card = carded / "mh_batch_card.yaml"
    code, out, _ = run(capsys, "--model", str(carded), "--data", data, *FAST, "--output", str(tmp_path / "out"),
                       "--write-card", str(card))  # fmt: skip
    assert code == 0
    assert "my-own, exact fp32" in out
    written = read_card(card)
    assert {(rate.label, rate.language) for rate in written.error_rates} == {
        ("depressed", "all"),
        ("depressed", "de"),
        ("depressed", "en"),
    }
    assert [rate.positives for rate in written.error_rates if rate.language == "all"] == [40]


def test_rows_without_text_or_label_are_left_out_and_counted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frame = labelled_texts()
    frame.loc[0, "text"], frame.loc[1, "text"], frame["label"] = None, "  ", frame["label"].astype("Int64")
    frame.loc[2, "label"] = None
    frame.rename(columns={"text": "body", "doc_id": "id"}).to_parquet(tmp_path / "part.parquet")
    code, out, _ = run(capsys, "--model", XLMR, "--data", str(tmp_path), "--columns", "text=body,doc_id=id", *FAST,
                       "--output", str(tmp_path / "out"))  # fmt: skip
    assert code == 0
    assert "77 rows (3 more without a text or a label" in out


@pytest.mark.parametrize(
    ("changes", "flags", "message"),
    [
        ({"label": None}, [], "has no labels"),
        ({"text": None}, [], "has no column 'text'"),
        ({"label": ["yes", "no"] * 40}, [], "--positive depressed="),
        ({"doc_id": ["a"] * 80}, [], "stands for several rows"),
        ({"doc_id": None}, ["--spark"], "rows need a doc_id"),
        ({}, ["--positive", "gloomy=1"], "say on the model's card"),
        ({}, ["--columns", "txt=body"], "did you mean 'text'?"),
        ({}, ["--threshold-criterion", "f1"], "need each other"),
        ({}, ["--reproduces", "mine"], "no published table 'mine'"),
        ({}, ["--engine", "exact", "--precision", "int8"], "int8 needs engine onnx"),
        ({}, ["--model", XLMR, "gone"], "no model 'gone'"),
        ({}, ["--data", "gone.parquet"], "there is no such file or folder: gone.parquet"),
    ],
)
def test_wrong_usage_exits_with_2_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, changes: dict[str, Any], flags: list[str], message: str
) -> None:
    data = write_labelled(tmp_path / "data.parquet", **changes)
    arguments = ["--model", XLMR, "--data", data, "--output", str(tmp_path / "out"), *FAST]
    code, _, err = run(capsys, *arguments, *flags)
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_parquet_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("text,label\n")
    code, _, err = run(capsys, "--model", XLMR, "--data", str(tmp_path / "a.parquet"))
    assert code == 2
    assert "cannot be read as Parquet" in err


@pytest.mark.spark
def test_figures_from_spark_are_those_of_one_process(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frame = labelled_texts(30).drop(columns="language")
    frame.loc[4, "text"] = None
    (tmp_path / "data").mkdir()
    frame.iloc[:20].to_parquet(tmp_path / "data" / "a.parquet")
    frame.iloc[20:].to_parquet(tmp_path / "data" / "b.parquet")
    found = []
    for name, flags in (("here", []), ("spark", ["--spark"])):
        arguments = ["--model", XLMR, "--data", str(tmp_path / "data"), "--output", str(tmp_path / name), *FAST]
        assert run(capsys, *arguments, "--keep-predictions", *flags)[0] == 0
        found.append([pd.read_parquet(tmp_path / name / f"{table}.parquet") for table in ("metrics", "predictions")])
    for here, there in zip(*found, strict=True):
        pd.testing.assert_frame_equal(here, there, check_exact=False, atol=1e-6)

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from mh_batch.contracts import load_contract
from tests.evaluation.labelled_examples import XLMR

# One process makes the evaluation that they look at.
pytestmark = pytest.mark.xdist_group("evaluation")


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

#!/usr/bin/env bash
# Parses the DAG with a real Airflow, in an environment of its own, and carries out one night with it.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet apache-airflow==3.3.2 apache-airflow-providers-apache-spark==6.3.4

mkdir "$work/in"
.venv/bin/python - "$work/in/2026-03-01.parquet" <<'PYTHON'
import sys
import pandas as pd
pd.DataFrame({"doc_id": ["a", "b"], "text": ["A walk by the lake.", "I feel empty."]}).to_parquet(sys.argv[1])
PYTHON
cat > "$work/nightly.yaml" <<YAML
input: ["$work/in/{date}.parquet"]
output: $work/out
model: [xlmr-depression-mini]
consent_basis: texts written for this check
YAML

export AIRFLOW_HOME="$work/airflow" AIRFLOW__CORE__DAGS_FOLDER="$PWD/jobs/schedules" AIRFLOW__CORE__LOAD_EXAMPLES=False
export AIRFLOW_CONN_SPARK_DEFAULT='{"conn_type": "spark", "host": "local[2]"}'
export MH_BATCH_HOME="$PWD" MH_BATCH_CONFIG="$work/nightly.yaml" PYSPARK_PYTHON="$PWD/.venv/bin/python"
export PATH="$work/venv/bin:$PWD/.venv/bin:$PATH"
dag="$PWD/jobs/schedules/airflow_dag.py"

airflow db migrate > "$work/log" 2>&1
python - "$dag" <<'PYTHON'
import sys
from airflow.models.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
assert list(bag.dags) == ["mh_batch_nightly"], bag.dags
PYTHON
airflow dags test mh_batch_nightly 2026-03-01 --dagfile-path "$dag" >> "$work/log" 2>&1 || { tail -50 "$work/log"; exit 1; }
ls "$work"/out/runs/*/manifest.json

# Results that broke a contract: no second try, and an alert that says so.
mkdir "$work/stub"
printf '#!/bin/sh\nexit 3\n' > "$work/stub/spark-submit"
chmod +x "$work/stub/spark-submit"
PATH="$work/stub:$PATH" airflow dags test mh_batch_nightly 2026-03-02 --dagfile-path "$dag" > "$work/failed" 2>&1 || true
grep -q "the night of 2026-03-02 was not published: its results broke a contract" "$work/failed"
echo "the DAG parses, publishes a night, and tells a broken contract from other failures"

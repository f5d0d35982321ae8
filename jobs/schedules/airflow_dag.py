"""A night as an Airflow DAG: yesterday's texts, retries for what may pass, an alert for what will not.

Needs the provider `apache-airflow-providers-apache-spark` and a connection `spark_default`. A night is carried out
once for each date, so a retry or a cleared task costs what is missing and no more.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException

HOME = Path(os.environ.get("MH_BATCH_HOME", "/opt/mh-batch"))
CONFIG = os.environ.get("MH_BATCH_CONFIG", "/etc/mh-batch/nightly.yaml")

# What `mh-batch` ends with when it was asked for something impossible, and when results broke a contract.
USAGE, VALIDATION = 2, 3


class NightOperator(SparkSubmitOperator):
    """Submits a night, and does not try again what would end in the same way."""

    def execute(self, context: dict[str, Any]) -> None:
        """Submit it; AirflowFailException, which Airflow does not retry, for those two exit codes."""
        try:
            super().execute(context)
        except AirflowException as error:
            if any(f"Error code is: {code}." in str(error) for code in (USAGE, VALIDATION)):
                raise AirflowFailException(str(error)) from error
            raise


def alert(context: dict[str, Any]) -> None:
    """Say which date failed, and whether its results broke a contract. Send it to where your team looks."""
    error = str(context.get("exception"))
    broke = f"Error code is: {VALIDATION}." in error
    what = "its results broke a contract and lie under failed/" if broke else "see the task's log"
    logging.getLogger("mh_batch").error("the night of %s was not published: %s", context["ds"], what)


with DAG(
    dag_id="mh_batch_nightly",
    description=__doc__.splitlines()[0],
    schedule="0 1 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    # One output root, one night at a time.
    max_active_runs=1,
    tags=["mh-batch"],
) as dag:
    NightOperator(
        task_id="nightly",
        application=str(HOME / "jobs" / "nightly.py"),
        py_files=str(HOME / "dist" / "mh_batch.zip"),
        application_args=["--config", CONFIG, "--date", "{{ ds }}"],
        name="mh-batch nightly {{ ds }}",
        retries=2,
        retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(hours=12),
        on_failure_callback=alert,
    )

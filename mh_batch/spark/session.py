"""The Spark session that the commands start, and the settings that a run needs of any session."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from mh_batch.common.console import get_logger
from mh_batch.common.permissions import owner_only
from mh_batch.common.redaction import spark_muted
from mh_batch.errors import PlatformError

_LOG = get_logger(__name__)
_JAVA = 17
_ATTEMPTS = 4
_INSTALL_JAVA = (
    f"Spark 4 needs Java {_JAVA} or newer: install it (Debian, Ubuntu: apt-get install openjdk-{_JAVA}-jre-headless; "
    f"Fedora: dnf install java-{_JAVA}-openjdk-headless; macOS: brew install openjdk@{_JAVA}; "
    f"conda: conda install openjdk={_JAVA}) and let JAVA_HOME or PATH lead to it"
)

_LOGGING = Path(__file__).with_name("log4j2.properties")

# Runs share their session's settings: the first to come sets them, the last to go puts the old ones back.
_lock = threading.Lock()
_runs: list[SparkSession] = []
_before: dict[int, dict[str, str | None]] = {}

# Set for the application, whatever the cluster's defaults are.
_JOB_SETTINGS = {
    # A task is slow because its texts are long: a copy of it would do the same work again, on a GPU others wait for.
    "spark.speculation": "false",
    # A model stays loaded from task to task.
    "spark.python.worker.reuse": "true",
}

# Memory of a container beside Spark's heap, for each core: a Python worker with its share of a base-size model. Spark
# reckons with a tenth of the heap, and YARN and Kubernetes kill whoever takes more.
_MIB_BESIDE_THE_HEAP = 2560
_SAYS_MEMORY = ("spark.executor.memoryOverhead", "spark.executor.memoryOverheadFactor", "spark.executor.pyspark.memory")

# By this Hadoop's file systems say who may read what Spark writes.
_UMASK, _OWNER_ONLY = "spark.hadoop.fs.permissions.umask-mode", "077"

_RUN_SETTINGS = {
    # A cluster may be set to pass over what it cannot read: rows would be lost in silence.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    # Dates without a zone, and the periods of reports, must not depend on where the driver runs.
    "spark.sql.session.timeZone": "UTC",
    # Spark's default, INT96, carries no zone and comes back in nanoseconds, which end in 1677 and 2262.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # The worker gathers texts itself; small Arrow batches keep a task's memory flat when the texts are novels.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
    "spark.sql.execution.arrow.maxBytesPerBatch": "16m",
    # Joins are chosen by the sizes met, and small partitions are put together.
    "spark.sql.adaptive.enabled": "true",
    # Where what is joined is small in each partition it is hashed; sorting both sides takes longer. A hash table cannot
    # spill and takes some five times as much memory: this many for all cores fit into an executor of one GiB. Spark
    # hashes only where partitions are meant to be no larger either.
    "spark.sql.adaptive.maxShuffledHashJoinLocalMapThreshold": "16m",
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "16m",
    # pandas writes nanoseconds, for which Spark has no type: let it read them as integers instead of failing.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # CSV files come in the encodings of spreadsheets too, such as windows-1252.
    "spark.sql.legacy.javaCharsets": "true",
}


def start_session(name: str, cores: int | None = None) -> SparkSession:
    """Start, or under spark-submit join, the Spark session of a command.

    Args:
        name: What Spark calls the application.
        cores: Tasks side by side in local mode; one for each core of the machine if None.

    Raises:
        PlatformError: Java is missing or too old.
    """
    check_java()
    # The workers must run in the environment that this process runs in, not in the system's Python.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(name)
    if is_submitted():
        return builder.config(map=_cluster_settings()).getOrCreate()
    # Loopback, so that a laptop without a network, or behind a VPN, starts as well.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    with owner_only():
        return _local_defaults(builder, cores).getOrCreate()


def is_submitted() -> bool:
    """Whether spark-submit started this process, in client or in cluster mode."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


@contextmanager
def command_session(name: str) -> Iterator[SparkSession]:
    """Give a command its session, and stop it afterwards unless it was there before. PySpark logs no error meanwhile.

    Raises:
        PlatformError: Java is missing or too old.
    """
    before = SparkContext._active_spark_context
    with spark_muted():
        spark = start_session(name)
        _LOG.debug("Spark %s, master %s", spark.version, spark.sparkContext.master)
        try:
            yield spark
        finally:
            if before is None:
                spark.stop()


def _cluster_settings() -> dict[str, bool | float | int | str | None]:
    """Settings of the job under spark-submit, in addition to what was submitted."""
    SparkContext._ensure_initialized()  # the settings of spark-submit are read from its JVM
    submitted = SparkConf()
    settings: dict[str, bool | float | int | str | None] = {**_JOB_SETTINGS}
    if not submitted.contains(_UMASK):
        settings[_UMASK] = _OWNER_ONLY
    if not any(submitted.contains(name) for name in _SAYS_MEMORY):
        cores = int(submitted.get("spark.executor.cores", "1"))
        settings["spark.executor.memoryOverhead"] = f"{_MIB_BESIDE_THE_HEAP * cores}m"
    return settings


def _local_defaults(builder: SparkSession.Builder, cores: int | None) -> SparkSession.Builder:
    """Settings for a plain command on one machine; under spark-submit its own configuration rules."""
    return (
        # A task whose Python worker dies is tried again; plain local mode would give up.
        builder.master(f"local[{cores or '*'},{_ATTEMPTS}]")
        .config("spark.ui.enabled", "false")
        # Our own progress line says more, and Spark's would overwrite it.
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.extraJavaOptions", f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}")
        .config("spark.driver.memory", "2g")
        .config(_UMASK, _OWNER_ONLY)
        .config("spark.sql.shuffle.partitions", str(4 * (cores or os.cpu_count() or 1)))
    )


@contextmanager
def run_settings(spark: SparkSession) -> Iterator[None]:
    """Give the session the SQL settings that a run relies on, and put the old ones back afterwards."""
    with _lock:
        if spark not in _runs:
            _before[id(spark)] = {key: spark.conf.get(key, None) for key in _RUN_SETTINGS}
            for key, value in _RUN_SETTINGS.items():
                spark.conf.set(key, value)
        _runs.append(spark)
    try:
        yield
    finally:
        with _lock:
            _runs.remove(spark)
            if spark not in _runs:
                for key, old in _before.pop(id(spark)).items():
                    spark.conf.unset(key) if old is None else spark.conf.set(key, old)


def check_java() -> None:
    """Raise PlatformError unless a Java that Spark can use is there."""
    if SparkContext._active_spark_context is not None:
        return
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    version = _java_version(java) if java else None
    if version is None:
        raise PlatformError(f"no Java found. {_INSTALL_JAVA}")
    if version < _JAVA:
        raise PlatformError(f"{java} is Java {version}. {_INSTALL_JAVA}")


def _java_version(java: str) -> int | None:
    try:
        printed = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', printed)
    return int(found.group(1)) if found else None

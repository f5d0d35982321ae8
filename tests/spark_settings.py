"""Settings of Spark by which tests take less time, and nothing else comes out."""

import sys
from collections.abc import Mapping
from pathlib import Path

# A JVM that lives for a minute gains nothing from the slow compiler.
JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

# What `make test` has written beforehand: see `class_archive.py`.
CLASS_ARCHIVE = Path(sys.prefix) / "spark-classes.jsa"

# Compiling a query takes longer than interpreting it for a few rows.
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
COMPILED = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}

# Imports once what each Python worker would otherwise import for itself. Workers must find the package `tests`.
DAEMON_MODULE = "tests.spark_daemon"
WORKER_DAEMON = {"spark.python.daemon.module": DAEMON_MODULE}


def submit_arguments(settings: Mapping[str, str]) -> str:
    """The environment's PYSPARK_SUBMIT_ARGS for a session with these settings."""
    return " ".join([*(f"--conf {name}={value}" for name, value in settings.items()), "pyspark-shell"])


def jvm_options() -> str:
    """The environment's JAVA_TOOL_OPTIONS, with the archive of classes if it is there."""
    if not CLASS_ARCHIVE.exists():
        return JVM_OPTIONS
    # A JVM for which the archive is none says so on standard output, which Spark's launcher reads.
    return f"{JVM_OPTIONS} -XX:SharedArchiveFile={CLASS_ARCHIVE} -Xlog:disable -Xlog:all=error:stderr"

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from mh_batch import ScoreSettings, score_corpus
from mh_batch.errors import StoreError
from mh_batch.output import OutputRoot, store_statistics
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import RecordingLoader, scored_texts

pytestmark = [pytest.mark.spark, pytest.mark.runs]

TEXTS = 400


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_stops_the_run_and_the_next_goes_on_where_it_was(
    spark: SparkSession, small_disk: Path, tmp_path: Path
) -> None:
    corpus = write(tmp_path / "in.parquet", [document(f"d{i}", f"Note {i}, a walk.") for i in range(TEXTS)])
    (tmp_path / "scored").mkdir()
    settings = ScoreSettings(
        input=(corpus,), output=str(small_disk), model=("xlmr-depression-mini",), precision="fp32", partitions=20
    )
    loader = RecordingLoader(tmp_path / "scored")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(4 * 2**20 - 110_000))
    with pytest.raises(StoreError, match=r"disk of .* is full.*start the same command again") as error:
        score_corpus(spark, settings, load=loader)
    assert error.value.exit_code == 1
    assert list((small_disk / "runs").glob("*")) == []
    assert list((small_disk / "work").glob("*")) == []
    durable = sum(one.rows for one in store_statistics(OutputRoot.at(str(small_disk))))
    assert 0 < durable < TEXTS, "the disk was to become full while texts were being scored"
    sent = len(scored_texts(tmp_path / "scored"))

    ballast.unlink()
    run = score_corpus(spark, settings, load=loader)
    assert len(run.scores_pandas()) == TEXTS
    assert len(scored_texts(tmp_path / "scored")) == sent + TEXTS - durable

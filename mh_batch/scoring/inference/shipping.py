"""Brings a model's files to where the tasks run."""

import atexit
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark import SparkFiles
from pyspark.sql import SparkSession

from mh_batch.models import Model, model_files

_shipped: set[tuple[str | None, str]] = set()


@dataclass(frozen=True)
class ShippedModel:
    """A model that any task can open: by its own folders, or from the archive that Spark unpacked on the executor."""

    model: Model
    archive: str | None

    def on_this_machine(self) -> Model:
        """Return the model with the folders that hold its files here."""
        if self.archive is None:
            return self.model
        root = Path(SparkFiles.get(self.archive))
        return replace(self.model, folder=root / "model", tokenizer_folder=root / "tokenizer")


def ship_model(spark: SparkSession, model: Model) -> ShippedModel:
    """Send a model's files to the executors; in local mode they read the same disk, so nothing is sent."""
    if (spark.sparkContext.master or "").startswith("local"):
        return ShippedModel(model, None)
    context = spark.sparkContext
    name = f"model-{model.files_digest[:16]}"
    # Spark takes an archive's name only once; a second run in the same session finds the model there.
    if (context.applicationId, name) not in _shipped:
        context.addArchive(f"{_pack(model, name)}#{name}")
        _shipped.add((context.applicationId, name))
    return ShippedModel(model, name)


def _pack(model: Model, name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mh-batch-ship-"))
    # Executors may ask for it as long as the driver lives.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = folder / f"{name}.zip"
    # Stored, not deflated: weights do not compress.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
        for source, inside in ((model.folder, "model"), (model.tokenizer_folder, "tokenizer")):
            for path in model_files(source):
                bundle.write(path, f"{inside}/{path.name}")
    return archive

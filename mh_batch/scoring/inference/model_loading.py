"""A model in the tasks: its files brought to them, and its tokenizer and its scorer loaded there."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pyspark import SparkFiles
from pyspark.sql import SparkSession

from mh_batch.models import Model, model_files

if TYPE_CHECKING:  # a worker that only tokenises waits for neither
    from mh_batch.inference import Execution, ScoredTexts, TokenizedTexts

_shipped: set[tuple[str | None, str]] = set()


class Tokenizer(Protocol):
    """Makes token ids of texts."""

    def tokenize(self, texts: list[str]) -> TokenizedTexts:
        """Return texts as token ids; one that cannot be tokenised has a failure and harms no other."""


class TokenScorer(Protocol):
    """Scores a stream of token ids."""

    def score_tokens(self, texts: Iterable[TokenizedTexts]) -> Iterator[ScoredTexts]:
        """Yield what the model says of texts, numbered as they come, in any order."""


class ModelLoader(Protocol):
    """Loads a model's parts in the workers: picklable, and hashable, since a worker keeps parts by their loader."""

    def tokenizer(self, model: Model) -> Tokenizer:
        """Load a model's tokenizer."""

    def scorer(self, model: Model, execution: Execution, device: str, token_budget: int | None) -> TokenScorer:
        """Load what scores token ids.

        Args:
            model: The model.
            execution: Engine and precision.
            device: "cpu" or "cuda:N".
            token_budget: Padded tokens in one batch; by the memory at hand if None.
        """


@dataclass(frozen=True)
class SharedModels:
    """Loads models whose weights the workers of a machine share."""

    def tokenizer(self, model: Model) -> Tokenizer:
        """Load a model's tokenizer."""
        from mh_batch.inference import load_tokenizer

        return load_tokenizer(model)

    def scorer(self, model: Model, execution: Execution, device: str, token_budget: int | None) -> TokenScorer:
        """Load a model's weights.

        Args:
            model: The model.
            execution: Engine and precision.
            device: "cpu" or "cuda:N".
            token_budget: Padded tokens in one batch; by the memory at hand if None.
        """
        from mh_batch.inference import load_scorer

        return load_scorer(model, execution, device, token_budget, shared=True)


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

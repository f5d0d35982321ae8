"""Trainings on small data sets of the phrase grammar."""

import json
import random
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from safetensors.numpy import load_file

from mh_batch.datasets import load_grammar
from mh_batch.training.train import train
from mh_batch.training.trainer import Machine
from mh_batch.training.training_recipe import CardFacts, Stage, Student, TrainingRecipe
from mh_batch.training.training_stages import TrainingPlan

SHAPE = {"pieces": 400, "width": 32, "layers": 2, "heads": 2, "inner": 32, "window": 16}
STATES = ("neutral", "depressed", "anxious")
FAST = {"batch": 32, "learning_rate": 3e-3, "warm_up": 0.1, "tokens": 64}
ROWS = {"train": 480, "validation": 120, "test": 120}


def one_label(folder: Path) -> Path:
    """Sentences of three states; each has one."""
    return prepared(folder, list(STATES), lambda state: {"label": state, **{f"label_{s}": s == state for s in STATES}})


def independent(folder: Path) -> Path:
    """Two labels, of which a sentence has one, none, or is unknown to have it."""

    def labels(state: str) -> dict[str, Any]:
        return {
            "label": None,
            "label_low": state == "depressed",
            "label_afraid": None if state == "neutral" else state == "anxious",
        }

    return prepared(folder, ["low", "afraid"], labels, task="multi_label")


def prepared(folder: Path, labels: list[str], of: Any, task: str = "single_label") -> Path:
    folder.mkdir()
    draw, grammar = random.Random(3), load_grammar("en")
    for split, count in ROWS.items():
        states = [STATES[number % len(STATES)] for number in range(count)]
        rows = [
            {
                "doc_id": f"{split}-{number}",
                "text": grammar.text(state, 12, draw),
                "language": "en",
                "source": "made up",
                **of(state),
            }
            for number, state in enumerate(states)
        ]
        frame = pd.DataFrame(rows).astype({f"label_{label}": "Int64" for label in labels})
        frame.to_parquet(folder / f"{split}.parquet")
    (folder / "card.json").write_text(json.dumps({"recipe": {"name": folder.name, "task": task, "labels": labels}}))
    return folder


def recipe(*stages: Stage, architecture: Any = "xlm-roberta") -> TrainingRecipe:
    return TrainingRecipe(
        name="tiny",
        description="",
        start=Student(architecture=architecture, **SHAPE),
        tokens=128,
        stages=stages,
        card=CardFacts(title="A tiny model", overlap=16, limits="None that a test would know."),
    )


def plan(made: TrainingRecipe, data: dict[str, Path], work: Path) -> TrainingPlan:
    return TrainingPlan(made, data, None, None, work / "teacher", (), seed=1, threads=1, work=work)


def run(made: TrainingPlan, output: Path) -> str:
    return train(made, output, Machine(), no_session)


def no_session() -> AbstractContextManager[SparkSession]:
    raise AssertionError("one process needs no Spark")


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")

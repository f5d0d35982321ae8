from pathlib import Path

import pandas as pd
from tokenizers import Tokenizer

from mh_batch.training.training_recipe import Stage
from tests.training.small_trainings import FAST, independent, one_label, plan, recipe, run


def test_the_vocabulary_of_a_new_model_knows_the_words_of_all_stages(tmp_path: Path) -> None:
    data = {"emotions": one_label(tmp_path / "emotions"), "states": independent(tmp_path / "states")}
    rows = pd.read_parquet(data["states"] / "train.parquet")
    rows.assign(text=rows["text"] + " quixotically").to_parquet(data["states"] / "train.parquet")
    short = {**FAST, "epochs": 0.1}
    made = recipe(Stage(name="emotions", **short), Stage(name="states", **short), architecture="longformer")
    run(plan(made, data, tmp_path / "work"), tmp_path / "tiny")
    tokenizer = Tokenizer.from_file(str(tmp_path / "tiny" / "tokenizer.json"))
    assert len(tokenizer.encode(" quixotically", add_special_tokens=False)) == 1

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from mh_batch.training.saving import save_classifier
from mh_batch.training.starting import fast
from mh_batch.training.vocabulary import unigram

LOW = ["I feel so empty and tired of it all", "Nothing brings me joy, I cry alone", "I see no hope for me anymore"]
CALM = ["We had soup and bread for lunch", "The train was late but we laughed", "My garden is full of roses again"]
ENDS = ["today.", "this week.", "since the spring.", "again and again."]
LOW_TEXTS = [f"{text} {end}" for text in LOW for end in ENDS]
CALM_TEXTS = [f"{text} {end}" for text in CALM for end in ENDS]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with a few rows of our own in the place of each data set."""
    texts, labels = LOW_TEXTS + CALM_TEXTS, [1] * len(LOW_TEXTS) + [0] * len(CALM_TEXTS)
    folder = tmp_path / "data"
    folder.mkdir()
    tables: dict[str, dict[str, list[Any]]] = {
        "depression_six_languages": {"text": texts, "label": labels},
        "dreaddit_train": {
            "text": [f"Work is too much for me and so is this: {text}" for text in texts],
            "subreddit": ["anxiety", "relationships"] * (len(texts) // 2),
            "stressed": labels,
        },
        "goemotions_train": {
            "text": [f"Well. {text}" for text in texts],
            "labels": [["sadness", "fear"] if label else ["neutral"] for label in labels],
        },
        "semeval2025_emotions_train": {"text": ["Es regnet heute in Berlin."], "language": ["deu"]},
        "novel_chapters": {"language": ["fr"], "text": ["Il faisait beau ce jour-là dans toute la ville. Fin."]},
    }
    for name, columns in tables.items():
        pd.DataFrame(columns).to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A folder with a tiny untrained XLM-R classifier."""
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    torch.manual_seed(0)
    tokenizer = unigram(LOW_TEXTS + CALM_TEXTS, 60)
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    save_classifier(XLMRobertaForSequenceClassification(config), fast(tokenizer, 512), tmp_path / "teacher")
    return tmp_path / "teacher"

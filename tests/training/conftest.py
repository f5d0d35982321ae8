from pathlib import Path

import pytest
import torch

from mh_batch.training.classifiers import save_classifier
from mh_batch.training.distillation.vocabulary import fast_tokenizer, unigram

LOW = ["I feel so empty and tired of it all", "Nothing brings me joy, I cry alone", "I see no hope for me anymore"]
CALM = ["We had soup and bread for lunch", "The train was late but we laughed", "My garden is full of roses again"]
ENDS = ["today.", "this week.", "since the spring.", "again and again."]
LOW_TEXTS = [f"{text} {end}" for text in LOW for end in ENDS]
CALM_TEXTS = [f"{text} {end}" for text in CALM for end in ENDS]


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A folder with a tiny untrained XLM-R classifier of three labels."""
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    torch.manual_seed(0)
    tokenizer = unigram(LOW_TEXTS + CALM_TEXTS, 60)
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    config.num_labels = 3
    save_classifier(XLMRobertaForSequenceClassification(config), fast_tokenizer(tokenizer, 512), tmp_path / "teacher")
    return tmp_path / "teacher"

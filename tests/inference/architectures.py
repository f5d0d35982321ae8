"""Every architecture of sequence classifiers that transformers names, as small as it can be built, with random weights.

`python -m tests.inference.architectures` writes what becomes of each into `docs/reference/model-architectures.md`.
"""

from __future__ import annotations

import inspect
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import CONFIG_MAPPING, AutoModelForSequenceClassification
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

from mh_batch.errors import ModelError
from mh_batch.inference import Scorer, choose_execution, load_scorer
from mh_batch.inference.tokenization import quiet_transformers
from mh_batch.models import locate_model

ARCHITECTURES = sorted(MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "model-architectures.md"
LONGEST = 130

_WIDTH, _HEADS, _INNER = 32, 2, 64
_NAMES: dict[int, str] = {
    _WIDTH: "hidden_size d_model n_embd dim emb_dim embedding_size word_embed_proj_dim pooler_hidden_size "
    "input_embedding_size output_embedding_size true_hidden_size intra_bottleneck_size d_latents "
    "moe_intermediate_size shared_expert_intermediate_size",
    _INNER: "intermediate_size d_inner d_ff dff ffn_dim encoder_ffn_dim decoder_ffn_dim hidden_dim feed_forward_size "
    "ffn_hidden_size",
    2: "num_hidden_layers n_layer n_layers num_layers encoder_layers decoder_layers num_decoder_layers "
    "num_attention_heads n_head n_heads encoder_attention_heads decoder_attention_heads num_heads "
    "num_key_value_heads num_kv_heads index_n_heads linear_num_key_heads linear_num_value_heads num_experts_per_tok "
    "eos_token_id sep_token_id mamba_expand",
    16: "head_dim d_kv d_head attention_head_size kv_channels v_head_dim q_lora_rank kv_lora_rank index_head_dim "
    "linear_key_head_dim linear_value_head_dim entity_emb_size",
    LONGEST: "max_position_embeddings n_positions max_seq_len",
    4: "num_experts num_local_experts n_routed_experts mamba_d_conv",
    8: "qk_nope_head_dim qk_rope_head_dim index_topk sliding_window mamba_d_state mamba_dt_rank num_latents",
    20: "entity_vocab_size",
    3: "mask_token_id num_labels",
    1: "pad_token_id n_group topk_group",
    0: "bos_token_id cls_token_id",
}
_SMALL = {name: size for size, names in _NAMES.items() for name in names.split()}
# Built only with configurations of several parts, or with packages that are not here.
UNBUILT = {
    "gemma3": "reads pictures too",
    "layoutlmv2": "needs detectron2",
    "modernvbert": "reads pictures too",
    "qwen3_5": "reads pictures too",
    "t5gemma": "has two parts to configure",
    "t5gemma2": "reads pictures too",
    "ultravbert": "reads pictures too",
}
_OWN: dict[str, dict[str, Any]] = {
    "axk1": {"qk_rope_head_dim": 8, "head_dim": 8},
    "deepseek_v3": {"qk_rope_head_dim": 8, "head_dim": 8},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "gptj": {"rotary_dim": 8},
    "jamba": {"num_hidden_layers": 8},
    "layoutlmv3": {"coordinate_size": 6, "shape_size": 4, "input_size": 32, "patch_size": 16},
    "lilt": {"channel_shrink_ratio": 2, "hidden_size": 48},
    "qwen3_5_text": {"num_hidden_layers": 4},
    "qwen3_next": {"num_hidden_layers": 4},
    "reformer": {"axial_pos_embds_dim": [16, 16], "axial_pos_shape": [8, 16], "max_position_embeddings": 128},
    "t5": {"decoder_start_token_id": 1},
    "zamba": {"num_hidden_layers": 3},
    "zamba2": {"num_hidden_layers": 3, "layer_types": ["mamba", "hybrid", "mamba"]},
}


def tiny(architecture: str, vocabulary: int) -> Any:
    """A small network of random weights, large enough to matter; whatever transformers raises if it cannot be built."""
    quiet_transformers()
    kind = CONFIG_MAPPING[architecture]
    known = {*kind().to_dict(), *inspect.signature(kind.__init__).parameters, *getattr(kind, "attribute_map", {})}
    settings = {name: size for name, size in _SMALL.items() if name in known or name in ("num_labels", "pad_token_id")}
    config = kind(**{**settings, "vocab_size": vocabulary, **_OWN.get(architecture, {})})
    torch.manual_seed(1)
    loader: Any = AutoModelForSequenceClassification
    network = loader.from_config(config)
    for value in network.parameters():
        torch.nn.init.normal_(value, std=0.25)
    return network.train(False)


@dataclass(frozen=True)
class Outcome:
    """What becomes of an architecture: `exact engine`, `reference engine`, `refused`, or `not built`, and why."""

    kind: str
    why: str = ""


def outcome_of(architecture: str, tokenizer: Path, texts: list[str]) -> Outcome:
    """Build it, score texts together, backwards, alone and in windows, and hold it against the network's own answer."""
    if architecture in UNBUILT:
        return Outcome("not built", UNBUILT[architecture])
    vocabulary = len(json.loads((tokenizer / "tokenizer.json").read_text("utf-8"))["model"]["vocab"])
    try:
        network = tiny(architecture, vocabulary)
    except Exception as error:
        return Outcome("not built", f"{type(error).__name__} in transformers")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        network.save_pretrained(folder)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(tokenizer / file, folder / file)
        try:
            model = locate_model(str(folder))
            scorer = load_scorer(model, budget=700)
        except ModelError as error:
            return Outcome("refused", str(error).partition(" is refused: ")[2] or str(error))
        _hold(scorer, network, texts)
        return Outcome(f"{choose_execution(model).engine} engine")


def _hold(scorer: Scorer, network: Any, texts: list[str]) -> None:
    wanted = [_alone(scorer, network, text) for text in texts]
    together = scorer.score(texts)
    backwards = scorer.score(texts[::-1])[::-1]
    alone = [scorer.score([text])[0] for text in texts]
    assert scorer.card.max_tokens > LONGEST or any(score.n_windows > 1 for score in together)
    assert any(row is not None for row in wanted)
    for scores in (together, backwards, alone):
        for score, row in zip(scores, wanted, strict=True):
            if row is None:
                assert score.failure is not None
            else:
                assert score.failure is None
                assert np.abs(np.array(score.probabilities) - row).max() <= 1e-5


def _alone(scorer: Scorer, network: Any, text: str) -> NDArray[np.float64] | None:
    """Probabilities by transformers' own forward pass, window by window, folded by their mean; None if that fails."""
    card, tokenizer = scorer.card, scorer._tokenizer
    tokens = tokenizer.tokenize([text]).tokens
    frame = tokenizer.frame(card.max_tokens, card.overlap)
    index = frame.cut(tokens)
    windows = frame.enclosed(tokens.ids, index.start, index.length)
    rows = np.split(windows.ids, windows.offsets[1:-1])
    try:
        with torch.no_grad():
            logits = torch.cat([network(input_ids=torch.from_numpy(row).long()[None]).logits for row in rows])
    except RuntimeError:  # too short for some that pool neighbours
        return None
    found: NDArray[np.float64] = torch.softmax(logits.double(), dim=-1).mean(dim=0).numpy()
    return found


def page(outcomes: dict[str, Outcome]) -> str:
    """The table of all architectures."""
    rows = "".join(f"| `{name}` | {found.kind} | {found.why} |\n" for name, found in outcomes.items())
    return _HEAD + rows


_HEAD = """# Architectures of models

What becomes of a checkpoint of each architecture of sequence classifiers that transformers names: every one that can be
built small is scored together with others, alone and in windows, and held against transformers' own forward pass of one
text at a time, unpadded (1e-5 on probabilities). *exact engine* and *reference engine* say which one runs it. The table
is written by `python -m tests.inference.architectures`, and a test holds it against what happens.

| architecture | | why |
|---|---|---|
"""


def sample_texts() -> list[str]:
    """Texts from one token to several windows; some of one length, one with a padding token in it."""
    words = [
        "today",
        "I",
        "walked",
        "along",
        "the",
        "river",
        "and",
        "thought",
        "about",
        "the",
        "week",
        "behind",
        "me",
        "and",
        "what",
        "comes",
        "next",
    ]
    short = [" ".join(words[start : start + count]) for start, count in ((0, 1), (1, 4), (5, 4), (3, 9), (2, 9))]
    return [*short, "a <pad> in <pad> the text", " ".join(words * 20)]


if __name__ == "__main__":
    folder = locate_model("longformer-mental-health-mini").tokenizer_folder
    found = {}
    for architecture in ARCHITECTURES:
        found[architecture] = outcome_of(architecture, folder, sample_texts())
        print(architecture, found[architecture], file=sys.stderr, flush=True)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(found), encoding="utf-8")

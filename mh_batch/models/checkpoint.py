"""A checkpoint's own files, and what they say: labels, longest input, weights."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from mh_batch.errors import ModelError
from mh_batch.models import inspection
from mh_batch.models.card import ModelCard, Task

GraphPrecision = Literal["fp32", "int8"]
WEIGHTS = (inspection.WEIGHTS, inspection.INDEX)
# The names of ONNX graphs by precision, as Hugging Face's tools name them.
GRAPHS: dict[GraphPrecision, str] = {"fp32": "model.onnx", "int8": "model_quantized.onnx"}
TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "vocab.txt", "sentencepiece.bpe.model", "spiece.model", "spm.model")

# Models whose position table begins behind the padding index, so that its first rows are never used (measured by the
# longest input that transformers' implementations take).
_OFFSET_POSITIONS = {
    "camembert",
    "data2vec-text",
    "esm",
    "ibert",
    "layoutlmv3",
    "lilt",
    "longformer",
    "luke",
    "markuplm",
}
_OFFSET_POSITIONS |= {"mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"}
# What configurations call the longest input.
_LONGEST = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "n_ctx", "seq_length")
# Of models that name none, since their positions are relative.
_DEFAULT_MAX_TOKENS = 512
_MOST_CONFIG_BYTES = 2**20

_CONVERT = (
    'Convert it on a machine where you trust it: python -c "from transformers import '
    "AutoModelForSequenceClassification as M; M.from_pretrained('SOURCE').save_pretrained('TARGET')\""
)


def read_config(folder: Path) -> dict[str, Any]:
    """Return the checkpoint's `config.json`; ModelError if it is missing, or describes no model that can be built."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder} is no model folder: it holds no config.json")
    config = inspection.read_json(path, _MOST_CONFIG_BYTES)
    inspection.check_config(config, path)
    return config


def graph_precisions(folder: Path) -> tuple[GraphPrecision, ...]:
    """Return the precisions in which the folder holds ONNX graphs and no other weights."""
    if any((folder / name).is_file() for name in WEIGHTS):
        return ()
    return tuple(precision for precision, name in GRAPHS.items() if (folder / name).is_file())


def check_weights(folder: Path) -> None:
    """Raise ModelError unless the folder's weights are safetensors or ONNX graphs."""
    if any((folder / name).is_file() for name in (*WEIGHTS, *GRAPHS.values())):
        return
    if list(folder.glob("*.bin")) + list(folder.glob("*.pt")):
        raise ModelError(
            f"{folder} holds its weights as a pickle, which can run code when opened, so it is refused. {_CONVERT}"
        )
    raise ModelError(
        f"{folder} holds no weights: expected {' or '.join(WEIGHTS)}. "
        f"A pickle on the hub is not even fetched, since it can run code when it is opened. {_CONVERT}"
    )


def check_content(folder: Path, config: dict[str, Any], outputs: int) -> None:
    """Raise ModelError unless the folder's weights are those of its configuration.

    Args:
        folder: The checkpoint.
        config: A configuration that was checked.
        outputs: Number of the model's labels.
    """
    for precision in graph_precisions(folder):
        inspection.check_graph(folder / GRAPHS[precision])
    if any((folder / name).is_file() for name in WEIGHTS):
        inspection.check_fit(inspection.stored_tensors(folder), config, outputs, folder)


def has_tokenizer(folder: Path) -> bool:
    """Return whether the folder holds a tokenizer."""
    return any((folder / name).is_file() for name in TOKENIZER_FILES)


def output_labels(config: dict[str, Any], card: ModelCard) -> tuple[str, ...]:
    """Return the labels of the outputs in the checkpoint's order, in the card's spelling.

    Raises:
        ModelError: the checkpoint's labels are not those of the card.
    """
    ordered = output_spellings(config)
    labels = tuple(card.canonical(label) for label in ordered)
    if sorted(labels) != sorted(card.labels):
        raise ModelError(
            f"the checkpoint's labels {ordered} are not those of card '{card.name}' ({', '.join(card.labels)}); "
            "say on the card which is which (aliases: {LABEL_0: name, ...}), or use the folder with its own labels: "
            "without a card, and under another name than the card's"
        )
    return labels


def output_spellings(config: dict[str, Any]) -> list[str]:
    """Return the checkpoint's own names of its outputs, in their order."""
    spelled = config.get("id2label") or {str(i): f"LABEL_{i}" for i in range(int(config.get("num_labels", 2)))}
    return [str(spelled[key]) for key in sorted(spelled, key=int)]


def longest_input(config: dict[str, Any]) -> int | None:
    """Return the longest input that the configuration allows, in tokens with special ones; None if it is silent."""
    # Models that also see pictures hold what concerns texts in a part of its own.
    text = config["text_config"] if isinstance(config.get("text_config"), dict) else config
    named = [text[name] for name in _LONGEST if type(text.get(name)) is int and text[name] > 0]
    if not named:
        return None
    # The padding index is 1 in these families unless the configuration says otherwise.
    padding = text.get("pad_token_id", 1)
    offset = (1 if padding is None else padding) + 1
    return int(named[0]) - (offset if text.get("model_type") in _OFFSET_POSITIONS else 0)


def check_is_classifier(config: dict[str, Any], name: str) -> None:
    """Raise ModelError if a checkpoint's numbers are no probabilities, unless a card says what they are."""
    outputs = len(config.get("id2label") or ()) or int(config.get("num_labels", 2))
    kind = config.get("problem_type")
    if kind == "regression" or (kind == "single_label_classification" and outputs == 1):
        why = "it is a regression" if kind == "regression" else "it chooses among one label"
        raise ModelError(
            f"{name} does not say probabilities: {why} (problem_type {kind}, {outputs} outputs in config.json). "
            "Give it a card (mh_batch_card.yaml in its folder) that says what its numbers mean, or use a classifier"
        )


def generic_card(name: str, config: dict[str, Any]) -> ModelCard:
    """Return the stated defaults for a checkpoint that has no card; ModelError if they make none.

    Softmax unless the checkpoint calls itself multi-label or has one output; windows overlap by an eighth; windows of
    a softmax model fold by their mean, since nothing says which label is the negative one.
    """
    check_is_classifier(config, name)
    spelled = output_spellings(config)
    labels = inspection.as_labels(spelled)
    multi_label = config.get("problem_type") == "multi_label_classification" or len(labels) == 1
    task: Task = "multi_label" if multi_label else "single_label"
    longest = longest_input(config) or _DEFAULT_MAX_TOKENS
    try:
        return ModelCard(
            name=_file_name(name),
            title=f"{config.get('model_type', 'unknown')} checkpoint without a card",
            task=task,
            labels=labels,
            aliases={original: label for original, label in zip(spelled, labels, strict=True) if original != label},
            max_tokens=longest,
            overlap=longest // 8,
            fold="max" if multi_label else "mean",
        )
    except ValidationError as error:
        parts = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise ModelError(f"no card can be made from the config.json of {name}: see {parts}. Give it a card") from None


def _file_name(name: str) -> str:
    """A model's name is part of paths, and of URIs that Spark reads."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name.rpartition("/")[2]) or "model"

"""Model folders that somebody made to do harm, and what becomes of them at the command line.

Run in a process of its own (`python -m tests.models.inspection.hostile_folders FOLDER`), which may neither hang nor
take much memory.
"""

import base64
import importlib
import io
import json
import os
import pickle
import resource
import shutil
import signal
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any

from mh_batch.cli import main
from mh_batch.models.locating import shipped_folder

Edit = Callable[[Any], None]
Spoil = Callable[[Path], None]

SECONDS, MIB = 20, 1500
DIGEST = "0" * 64
CARD = {"name": "m", "title": "m", "task": "single_label", "labels": ["not_depressed", "depressed"], "max_tokens": 512}


def edited(name: str, edit: Edit) -> Spoil:
    """Change the JSON file `name`."""

    def spoil(folder: Path) -> None:
        content = json.loads((folder / name).read_text("utf-8"))
        edit(content)
        (folder / name).write_text(json.dumps(content), "utf-8")

    return spoil


def config(**changes: Any) -> Spoil:
    return edited("config.json", lambda content: content.update(changes))


def tokenizer(*path: str, value: Any) -> Spoil:
    def edit(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return edited("tokenizer.json", edit)


def written(name: str, content: bytes) -> Spoil:
    """Replace the file `name`."""

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return spoil


def sized(name: str, begin: bytes, size: int) -> Spoil:
    """Replace the file `name` by one that takes no disk, however large it is."""

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(begin)
        os.truncate(folder / name, size)

    return spoil


def cut(name: str, size: int) -> Spoil:
    return lambda folder: os.truncate(folder / name, size)


def linked(name: str, target: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return spoil


def piped(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return spoil


def in_place_of(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return spoil


def header(edit: Edit) -> Spoil:
    """Change what the header of the weights says, and leave their bytes."""

    def spoil(folder: Path) -> None:
        path = folder / "model.safetensors"
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        said = json.loads(content[8 : 8 + length])
        edit(said)
        path.write_bytes(framed(json.dumps(said).encode()) + content[8 + length :])

    return spoil


def framed(said: bytes) -> bytes:
    return struct.pack("<Q", len(said)) + said


def of_tensor(name: str, **changes: Any) -> Spoil:
    return header(lambda said: said[name].update(changes))


def without_tensor(said: dict[str, Any]) -> None:
    """The tensor's bytes go to another one, so that the layout stays sound."""
    said["nobody.knows.this"] = said.pop("roberta.encoder.layer.1.output.dense.weight")


def doubled(folder: Path) -> None:
    one = b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    (folder / "model.safetensors").write_bytes(framed(b"{" + one + b"," + one + b"}") + bytes(4))


def sharded(weight_map: Mapping[str, str]) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / "model.safetensors").rename(folder / "part.safetensors")
        shutil.copyfile(folder / "part.safetensors", folder.parent / "outside.safetensors")
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": dict(weight_map)}))

    return spoil


def zipped(folder: Path) -> None:
    """What `torch.save` writes, under the name of safetensors."""
    with zipfile.ZipFile(folder / "model.safetensors", "w") as bundle:
        bundle.writestr("archive/data.pkl", pickle.dumps({"weights": 1}))


def graph(location: str, **place: str) -> Spoil:
    """Replace the weights by an ONNX graph that takes them from `location`."""

    def spoil(folder: Path) -> None:
        from onnx import TensorProto, helper

        (folder / "model.safetensors").unlink()
        (folder / "model.data").write_bytes(bytes(8))
        (folder.parent / "outside.data").write_bytes(bytes(8))
        weights = helper.make_tensor("w", TensorProto.FLOAT, [2], [0.0, 0.0])
        weights.ClearField("float_data")
        weights.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location.format(folder=folder.parent), **place}.items():
            weights.external_data.add(key=key, value=value)
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y")]
        node = helper.make_node("Add", ["x", "w"], ["y"])
        of_graph = helper.make_graph([node], "g", ends[:1], ends[1:], [weights])
        model = helper.make_model(of_graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])
        (folder / "model.onnx").write_bytes(model.SerializeToString())

    return spoil


def garbage_graph(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.onnx").write_bytes(b"\x08\x09garbage" * 100)


def card(**changes: Any) -> Spoil:
    return written("mh_batch_card.yaml", json.dumps({**CARD, **changes}).encode())


def of_longformer(spoil: Spoil) -> Spoil:
    def other(folder: Path) -> None:
        shutil.rmtree(folder)
        shutil.copytree(shipped("longformer-mental-health-mini"), folder)
        spoil(folder)

    return other


def sentencepiece(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "sentencepiece.bpe.model").write_bytes(b"\x0a\xff\xff\xff\xff\x0f" + b"garbage" * 100)
    edited("tokenizer_config.json", lambda said: said.update(tokenizer_class="XLMRobertaTokenizer"))(folder)


def shipped(name: str) -> Path:
    folder = shipped_folder(name)
    assert folder is not None
    return folder


def backtracking(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def doubling(times: int) -> dict[str, Any]:
    step = {"type": "Replace", "pattern": {"String": "e"}, "content": "ee"}
    return {"type": "Sequence", "normalizers": [step] * times}


FILLING = {"id": "<s>", "ids": [0] * 600, "tokens": ["<s>"] * 600}
_WEIGHT, _BIAS = "roberta.encoder.layer.0.output.dense.weight", "roberta.encoder.layer.0.output.dense.bias"
_MERGES = "\n".join(
    f"k{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" if n else "k0: &a0 {x: 1, y: 2}" for n in range(30)
).encode()
_ALIASES = ("a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30))).encode()
_CHARSMAP = base64.b64encode(b"\x04\0\0\0\xff\xff\xff\xff").decode()

# How a folder is spoilt, and what the message must say.
FOLDERS: dict[str, tuple[Spoil, str]] = {
    "pipe for configuration": (piped("config.json"), "a pipe"),
    "pipe beside the weights": (piped("extra.safetensors"), "a pipe"),
    "device for weights": (linked("model.safetensors", "/dev/zero"), "leads out of the folder"),
    "link out of the folder": (linked("tokenizer.json", "/etc/hostname"), "leads out of the folder"),
    "link in a circle": (linked("config.json", "config.json"), "cannot be looked at"),
    "link to nowhere": (linked("vocab.txt", "nowhere"), "cannot be looked at"),
    "folder for configuration": (in_place_of("config.json"), "is a folder, where a file is expected"),
    "folder for weights": (in_place_of("model.safetensors"), "is a folder, where a file is expected"),
    "adapter of another model": (written("adapter_config.json", b"{}"), "is an adapter"),
    "deep configuration": (written("config.json", b'{"a":' + b"[" * 500_000), "nested too deeply"),
    "empty configuration": (written("config.json", b""), "not readable JSON"),
    "configuration cut off": (cut("config.json", 200), "not readable JSON"),
    "configuration of other letters": (written("config.json", b'{"model_type": "\xff\xfe"}'), "not UTF-8"),
    "configuration with a mark": (written("config.json", b"\xef\xbb\xbf{}"), "not readable JSON"),
    "configuration that is a list": (written("config.json", b"[]"), "no JSON object"),
    "configuration of two minds": (
        written("config.json", b'{"model_type": "roberta", "model_type": "bert"}'),
        "two things under one key",
    ),
    "configuration without number": (written("config.json", b'{"layer_norm_eps": NaN}'), "no number"),
    "configuration beyond numbers": (written("config.json", b'{"layer_norm_eps": 1e999}'), "beyond all bounds"),
    "number without end": (written("config.json", b'{"vocab_size": ' + b"9" * 100_000 + b"}"), "100,000 digits"),
    "large configuration": (sized("config.json", b"{", 2**30), "no more than 1,048,576 are expected"),
    "many words": (config(vocab_size=10**12), "'vocab_size' must be a whole number"),
    "more words than weights": (config(vocab_size=9_000_000), "config.json says (9000000, 256)"),
    "another width": (config(hidden_size=512), "config.json says"),
    "many layers": (config(num_hidden_layers=10**9), "'num_hidden_layers' must be a whole number"),
    "layers in words": (config(num_hidden_layers="two"), "'num_hidden_layers' must be a whole number"),
    "layers that are not there": (config(num_hidden_layers=900), "weights lack roberta.encoder.layer.2"),
    "heads that do not divide": (config(num_attention_heads=7), "is not divided by"),
    "no heads": (config(num_attention_heads=0), "'num_attention_heads' must be a whole number"),
    "negative positions": (config(max_position_embeddings=-5), "'max_position_embeddings' must be"),
    "many positions": (config(max_position_embeddings=2**60), "'max_position_embeddings' must be"),
    "negative variance": (config(layer_norm_eps=-1), "'layer_norm_eps' must be"),
    "padding that is no word": (config(pad_token_id=-7), "'pad_token_id' must be"),
    "odd window": (of_longformer(config(attention_window=[63, 64])), "'attention_window' must be an even number"),
    "no window": (of_longformer(config(attention_window=0)), "'attention_window' must be an even number"),
    "window of one layer": (of_longformer(config(attention_window=[64])), "'attention_window' must be an even number"),
    "many outputs": (config(num_labels=10**12, id2label=None), "'num_labels' must be"),
    "outputs with a gap": (config(id2label={"0": "a", "2": "b"}), "must number 2 outputs"),
    "outputs by words": (config(id2label={"yes": "a", "no": "b"}), "must number 2 outputs"),
    "output of a long name": (config(id2label={"0": "a" * 101, "1": "b"}), "a name of more than 100 letters"),
    "outputs that weights lack": (config(id2label={str(n): f"l{n}" for n in range(9)}), "config.json says (9, 256)"),
    "code of its own": (config(auto_map={"AutoConfig": "evil.Config"}), "asks for code from elsewhere"),
    "kernel from the hub": (config(attn_implementation="somebody/kernel"), "asks for code from elsewhere"),
    "quantised by others": (config(quantization_config={"quant_method": "x"}), "asks for code from elsewhere"),
    "architecture that is a path": (config(model_type="../../evil"), "no name of an architecture"),
    "another architecture": (config(model_type="bert"), "lack"),
    "header without end": (sized("model.safetensors", struct.pack("<Q", 2**60) + b"{}", 2**20), "cut off"),
    "large header": (sized("model.safetensors", struct.pack("<Q", 200_000_000) + b"{", 201_000_000), "16,777,216"),
    "deep header": (written("model.safetensors", framed(b'{"a":' + b"[" * 100_000)), "nested too deeply"),
    "header of two minds": (doubled, "two things under one key"),
    "header without tensor": (written("model.safetensors", framed(b'{"a": 1}')), "do not agree"),
    "no weights": (written("model.safetensors", b""), "cut off"),
    "weights cut off": (cut("model.safetensors", 1_000_000), "cut off"),
    "shape that overflows": (of_tensor(_WEIGHT, shape=[2**33, 2**33, 0, 2**40]), "do not agree"),
    "shape beyond numbers": (of_tensor(_WEIGHT, shape=[2**62, 4]), "do not agree"),
    "negative shape": (of_tensor(_WEIGHT, shape=[-256, -512]), "do not agree"),
    "unknown numbers": (of_tensor(_WEIGHT, dtype="F1"), "do not agree"),
    "offsets beyond the file": (of_tensor(_BIAS, data_offsets=[2**50, 2**50 + 512]), "overlap, or leave gaps"),
    "tensors that overlap": (of_tensor(_BIAS, data_offsets=[0, 512]), "overlap, or leave gaps"),
    "whole numbers for weights": (of_tensor(_WEIGHT, dtype="I16"), "as I16"),
    "tensor of another shape": (of_tensor(_WEIGHT, shape=[512, 256]), "config.json says (256, 512)"),
    "tensor that is not there": (header(without_tensor), "weights lack roberta.encoder.layer.1.output.dense.weight"),
    "pickle for weights": (written("model.safetensors", pickle.dumps({"weights": 1}, 2)), "is a pickle"),
    "archive for weights": (zipped, "is a pickle or an archive"),
    "index out of the folder": (sharded({_WEIGHT: "../outside.safetensors"}), "no safetensors file of this folder"),
    "index from the root": (sharded({_WEIGHT: "/etc/passwd"}), "no safetensors file of this folder"),
    "index to what is not there": (sharded({_WEIGHT: "gone.safetensors"}), "no safetensors file of this folder"),
    "index of others' tensors": (sharded({"evil": "part.safetensors"}), "is not in part.safetensors"),
    "index of nothing": (sharded({}), "holds no weight_map"),
    "deep tokenizer": (written("tokenizer.json", b'{"a":' + b"[" * 500_000), "cannot be loaded"),
    "tokenizer cut off": (cut("tokenizer.json", 10_000), "cannot be loaded"),
    "large tokenizer": (sized("tokenizer.json", b"{", 2**30), "no more than 134,217,728 are expected"),
    "tokenizer of many words": (written("tokenizer.json", b'{"a": [' + b"0," * 10_000_000), "8,000,000 values"),
    "tokenizer that panics": (
        tokenizer("normalizer", value={"type": "Precompiled", "precompiled_charsmap": _CHARSMAP}),
        "fails on simple texts",
    ),
    "pattern that backtracks": (tokenizer("pre_tokenizer", value=backtracking("(a+)+$")), "fails on simple texts"),
    "texts that grow": (tokenizer("normalizer", value=doubling(40)), "longer without bounds"),
    "texts of steps": (tokenizer("normalizer", value=doubling(5_000)), "longer without bounds"),
    "special token beyond the words": (
        tokenizer("post_processor", "special_tokens", "<s>", "ids", value=[4_000_000_000]),
        "uses ids beyond the model's",
    ),
    "specials that fill the window": (
        tokenizer(
            "post_processor", "special_tokens", "<s>", value={"id": "<s>", "ids": [0] * 600, "tokens": ["<s>"] * 600}
        ),
        "tokens around each window",
    ),
    "tokenizer with code": (
        edited("tokenizer_config.json", lambda said: said.update(auto_map={"AutoTokenizer": ["evil.T", None]})),
        "asks for code from elsewhere",
    ),
    "tokenizer's settings of other letters": (written("tokenizer_config.json", b"\xff\xfe"), "not UTF-8"),
    "deep special tokens": (written("special_tokens_map.json", b"[" * 500_000), "nested too deeply"),
    "pieces of garbage": (sentencepiece, "cannot be loaded"),
    "graph out of the folder": (graph("../outside.data"), "no file of weights in this folder"),
    "graph from the root": (graph("{folder}/outside.data"), "no file of weights in this folder"),
    "graph beyond the end": (graph("model.data", offset="4", length="1000000000000"), "beyond the end"),
    "graph before the beginning": (graph("model.data", offset="-8"), "does not say where"),
    "graph of something else": (graph("model.data"), "does not take attention_mask and input_ids"),
    "graph of garbage": (garbage_graph, "no ONNX graph"),
    "card of aliases": (written("mh_batch_card.yaml", _ALIASES), "uses aliases"),
    "card that merges": (written("mh_batch_card.yaml", _MERGES), "uses aliases"),
    "card with code": (written("mh_batch_card.yaml", b"!!python/object/apply:os.system [id]"), "not valid YAML"),
    "deep card": (written("mh_batch_card.yaml", b"[" * 20_000), "nested too deeply"),
    "large card": (sized("mh_batch_card.yaml", b"name: m", 2**30), "no more than 65,536 are expected"),
    "card with a number": (written("mh_batch_card.yaml", b"max_tokens: " + b"9" * 50_000), "number or a date"),
    "card with a query": (card(labels=["x') OR 1=1 --", "depressed"]), "is not sound: labels.0"),
    "card that sees twice": (card(labels=["depressed", "depressed"]), "two outputs have the same label"),
    "card of other weights": (
        card(hub={"name": "a/b", "sha256": {"model.safetensors": DIGEST}}),
        "means a file with",
    ),
}


def answer(name: str, folder: Path) -> dict[str, Any]:
    """Ask for probabilities by a spoilt folder; return what the command said and what it took."""
    shutil.copytree(shipped("xlmr-depression-mini"), folder)
    FOLDERS[name][0](folder)
    out, err = io.StringIO(), io.StringIO()
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.alarm(SECONDS)
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["classify", "--model", str(folder), "Some text."])
    signal.alarm(0)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    said = {"code": code, "out": out.getvalue(), "err": err.getvalue()}
    return {"name": name, **said, "seconds": time.process_time() - began, "mib": grown}


def give_up(signal_number: int, frame: FrameType | None) -> None:
    raise TimeoutError


def run(root: Path) -> None:
    # All that models need is loaded before time and memory are measured.
    for library in ("onnxruntime", "onnx", "transformers.models.bert.modeling_bert"):
        importlib.import_module(library)
    main(["classify", "Some text."])
    signal.signal(signal.SIGALRM, give_up)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MIB * 2**20, resource.RLIM_INFINITY))
    with (root / "answers.jsonl").open("w") as stream:
        for number, name in enumerate(FOLDERS):
            stream.write(json.dumps(answer(name, root / str(number) / "model")) + "\n")
            stream.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]))

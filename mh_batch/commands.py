"""What each command does. Spark and the models are imported by the commands that need them."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mh_batch.errors import DriftError, ModelError, UsageError, ValidationError, nearest
from mh_batch.flags import given_flags
from mh_batch.settings import (
    BenchmarkSettings,
    NightlySettings,
    PruneSettings,
    ReportOptions,
    ReportSettings,
    RunSettings,
    ScoreSettings,
    StoreSettings,
    load_settings,
)
from mh_batch.summary import summary

if TYPE_CHECKING:
    from mh_batch import PublishedRun
    from mh_batch.inference import TextScore
    from mh_batch.models import ModelCard
    from mh_batch.scoring.layout import OutputRoot

_CORPUS_OF_DEMO = "corpus"
_DEFAULT_MODEL = "xlmr-depression-mini"


def score(arguments: argparse.Namespace) -> int:
    """Score a corpus."""
    settings = load_settings(ScoreSettings, arguments.config, given_flags(arguments, ScoreSettings))
    run = _score(settings)
    print(summary(run))
    return _drift(run.manifest["report"], settings)


def demo(arguments: argparse.Namespace) -> int:
    """Write a synthetic corpus, score it with both shipped models, and say what was found and where to look."""
    from mh_batch.datasets import write_synthetic_corpus
    from mh_batch.scoring.session import check_java

    check_java()
    corpus = write_synthetic_corpus(arguments.output / _CORPUS_OF_DEMO, documents=arguments.documents)
    print(f"wrote {corpus.rows} rows, {sum(corpus.broken.values())} of them broken on purpose, to {corpus.folder}")
    settings = ScoreSettings(
        input=(str(corpus.folder),),
        output=str(arguments.output / "output"),
        model=("xlmr-depression-mini", "longformer-mental-health-mini"),
    )
    print(summary(_score(settings)))
    return 0


def _score(settings: ScoreSettings) -> "PublishedRun":
    from mh_batch import score_corpus
    from mh_batch.scoring.run import locate_models
    from mh_batch.scoring.session import command_session

    models = locate_models(settings)  # a wrong name is said at once, not after Spark has started
    with command_session("mh-batch score") as spark:
        return score_corpus(spark, settings, models)


def nightly(arguments: argparse.Namespace) -> int:
    """Carry out a night, or say that it has been carried out."""
    from mh_batch.scoring.nightly import run_night
    from mh_batch.scoring.session import command_session

    settings = load_settings(NightlySettings, arguments.config, given_flags(arguments, NightlySettings))
    night = run_night(settings, lambda: command_session("mh-batch nightly"))
    if night.done_before:
        print("this night was published before; `mh-batch score` with the same settings would read its corpus again")
    print(summary(night.run))
    if night.retired:
        print(f"retired {len(night.retired)} older runs; what they scored stays in the store")
    return _drift(night.run.manifest["report"], settings)


def store(arguments: argparse.Namespace) -> int:
    """Keep the score store: show, put together, delete."""
    operations = {"stats": _store_stats, "compact": _store_compact, "prune": _store_prune}
    return operations[arguments.operation](arguments)


def _store_stats(arguments: argparse.Namespace) -> int:
    from mh_batch.scoring.upkeep import store_statistics

    rows = [asdict(one) for one in store_statistics(_root(arguments, StoreSettings))]
    if not rows:
        raise UsageError(f"{arguments.output} holds no scores")
    _print_rows(rows, arguments.json)
    return 0


def _store_compact(arguments: argparse.Namespace) -> int:
    from mh_batch.scoring.session import command_session, run_settings
    from mh_batch.scoring.upkeep import compact_store

    root = _root(arguments, StoreSettings)
    with command_session("mh-batch store compact") as spark, run_settings(spark):
        for fingerprint, (before, after) in compact_store(spark, root).items():
            print(f"{fingerprint}: {before:,} files became {after:,}")
    return 0


def _store_prune(arguments: argparse.Namespace) -> int:
    from mh_batch.scoring.upkeep import prune_store

    settings = load_settings(PruneSettings, None, given_flags(arguments, PruneSettings))
    deleted = prune_store(_root(arguments, PruneSettings), settings.fingerprint, settings.unused)
    print("\n".join(f"deleted {fingerprint}" for fingerprint in deleted) or "nothing to delete")
    return 0


def _root(arguments: argparse.Namespace, kind: type[StoreSettings]) -> "OutputRoot":
    from mh_batch.scoring.layout import OutputRoot

    return OutputRoot.at(load_settings(kind, None, given_flags(arguments, kind)).output)


def report(arguments: argparse.Namespace) -> int:
    """Write the report of a published run again, from its scores."""
    from mh_batch import open_run
    from mh_batch.reporting import write_report
    from mh_batch.scoring.layout import MANIFEST, OutputRoot
    from mh_batch.scoring.session import command_session, run_settings

    settings = load_settings(ReportSettings, arguments.config, given_flags(arguments, ReportSettings))
    run, root = open_run(settings.output, settings.run), OutputRoot.at(settings.output)
    manifest = run.manifest
    compared = root.compared(settings.against, manifest["previous"])
    with command_session("mh-batch report") as spark, run_settings(spark):
        entry = write_report(spark, run.folder, manifest, settings, compared)
    (run.folder / MANIFEST).write_json({**manifest, "report": entry})
    print(summary(run))
    return _drift(entry, settings)


def _drift(entry: Mapping[str, Any], options: ReportOptions) -> int:
    """The exit code of a command whose report is written."""
    if options.fail_on_drift and entry["flags"]:
        raise DriftError("\n".join(["what changed since the run compared with is worth a look:", *entry["flags"]]))
    return 0


def validate(arguments: argparse.Namespace) -> int:
    """Check a published run again."""
    from mh_batch import open_run
    from mh_batch.models import ModelCard
    from mh_batch.scoring.session import command_session, run_settings
    from mh_batch.scoring.validation import validate_run

    settings = load_settings(RunSettings, None, given_flags(arguments, RunSettings))
    run = open_run(settings.output, settings.run)
    said = run.manifest
    cards = [ModelCard.model_validate(_only(ModelCard.model_fields, model)) for model in said["models"]]
    read, share = said["counts"]["read"], said["settings"]["max_failed_share"]
    with command_session("mh-batch validate") as spark, run_settings(spark):
        result = validate_run(spark, run.folder, cards, read, share)
    if result.problems:
        problems = "\n".join(f"  - {problem}" for problem in result.problems)
        raise ValidationError(f"run {run.run_id} does not hold its contracts:\n{problems}")
    print(f"run {run.run_id}: {result.expectations} expectations hold and the books balance")
    return 0


def _only(names: Iterable[str], content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in names if name in content}


def runs(arguments: argparse.Namespace) -> int:
    """List the runs of an output root."""
    from mh_batch.scoring.layout import OutputRoot

    root = OutputRoot.at(arguments.output)
    rows = [_run_row(root.manifest(run), "published") for run in root.published()]
    rows += [_failed_row(root, run) for run in root.failed_runs()]
    rows.sort(key=lambda row: str(row["run"]))
    if not rows:
        raise UsageError(f"{arguments.output} holds no runs")
    _print_rows(rows, arguments.json)
    return 0


def _failed_row(root: "OutputRoot", run: str) -> dict[str, object]:
    from mh_batch.scoring.layout import MANIFEST

    try:
        return _run_row((root.failed(run) / MANIFEST).read_json(), "failed")
    except FileNotFoundError:  # the run was killed while it was moved
        return {"run": run, "state": "incomplete", "finished": "", "read": "", "scored": "", "failed": ""}


def _run_row(manifest: Mapping[str, Any], state: str) -> dict[str, object]:
    counts = manifest["counts"]
    return {
        "run": manifest["run_id"],
        "state": state,
        "finished": manifest["finished_at"],
        "read": counts["read"],
        "scored": " ".join(f"{name}={model['scored']}" for name, model in counts["models"].items()),
        "failed": len(manifest["validation"]["failed"]) + len(manifest["validation"]["unbalanced"]),
    }


def models(arguments: argparse.Namespace) -> int:
    """List the model cards with where their weights are, or show one card."""
    from mh_batch.models import load_cards

    if arguments.name is None:
        _print_rows([_model_row(card, arguments.models_dir) for card in load_cards().values()], False)
        return 0
    if arguments.name not in load_cards():
        raise ModelError(f"no card '{arguments.name}': {nearest(arguments.name, load_cards())}")
    card = load_cards()[arguments.name].model_dump(mode="json", exclude_defaults=True)
    print(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=100), end="")
    return 0


def _model_row(card: "ModelCard", models_dir: Path | None) -> dict[str, object]:
    from mh_batch.models import weights_at_hand

    return {
        "model": card.name,
        "task": card.task,
        "labels": ",".join(card.labels),
        "languages": ",".join(card.languages),
        "weights": weights_at_hand(card, models_dir),
    }


def classify(arguments: argparse.Namespace) -> int:
    """Print the probabilities of single texts. The texts themselves are not repeated."""
    from mh_batch.inference import load_scorer
    from mh_batch.models import locate_model

    texts = list(_texts(arguments.text))
    for model in [locate_model(name, arguments.models_dir) for name in arguments.model or [_DEFAULT_MODEL]]:
        for number, scored in enumerate(load_scorer(model).score(texts), start=1):
            row = _classified(number, model.card, scored)
            print(json.dumps(row) if arguments.json else _sentence(row))
    return 0


def benchmark(arguments: argparse.Namespace) -> int:
    """Measure engines and job side by side with other tools."""
    from mh_batch.benchmark.run import benchmark as measure

    settings = load_settings(BenchmarkSettings, arguments.config, given_flags(arguments, BenchmarkSettings))
    print(measure(settings), end="")
    print(f"\nfigures, plot and logs: {settings.output}")
    return 0


def _classified(number: int, card: "ModelCard", scored: "TextScore") -> dict[str, Any]:
    probabilities = dict(zip(card.labels, scored.probabilities, strict=True)) if scored.probabilities else None
    return {
        "text": number,
        "model": card.name,
        "probabilities": probabilities,
        "n_tokens": scored.n_tokens,
        "n_windows": scored.n_windows,
        "failure": scored.failure,
    }


def _texts(arguments: list[str]) -> Iterator[str]:
    lines = arguments or [line.rstrip("\n") for line in sys.stdin]
    texts = [line for line in lines if line.strip()]
    if not texts:
        raise UsageError("no text to classify: give it as an argument, or as lines of standard input")
    yield from texts


def _sentence(row: Mapping[str, Any]) -> str:
    if row["probabilities"] is None:
        return f"text {row['text']}, {row['model']}: could not be scored ({row['failure']})"
    likeliest_first = sorted(row["probabilities"].items(), key=lambda pair: -pair[1])
    said = "  ".join(f"{label} {probability:.4f}" for label, probability in likeliest_first)
    return f"text {row['text']}, {row['model']}: {said}"


def _print_rows(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        print("\n".join(json.dumps(row) for row in rows))
        return
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) for name in rows[0]}
    header: dict[str, object] = {name: name for name in widths}
    for row in [header, *rows]:
        print("  ".join(str(row[name]).ljust(width) for name, width in widths.items()).rstrip())

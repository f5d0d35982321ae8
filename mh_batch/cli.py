"""The `mh-batch` command."""

import argparse
import codecs
import locale
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from mh_batch._version import __version__
from mh_batch.commands import (
    benchmark,
    delivery,
    evaluation,
    export,
    followup,
    generation,
    models,
    preparation,
    privacy,
    publishing,
    runs,
    scoring,
    store,
    training,
)
from mh_batch.commands.followup import PrintExamplePolicy
from mh_batch.common.flags import Command, Parser, add_flags
from mh_batch.common.redaction import is_debugging, withheld
from mh_batch.errors import MhBatchError
from mh_batch.settings import (
    BenchmarkSettings,
    DeliverSettings,
    EraseSettings,
    EvaluationSettings,
    ExportSettings,
    FollowupSettings,
    GenerateSettings,
    NightlySettings,
    PrepareSettings,
    PruneSettings,
    PublishSettings,
    ReportSettings,
    RotateSettings,
    RunSettings,
    ScoreSettings,
    StoreSettings,
    TrainSettings,
)

_EPILOG = (
    "What the models say is an indicator, not a diagnosis. Exit codes: 2 usage, 3 validation, 4 drift where asked for, "
    "1 any other failure."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code. Errors print one message, never a traceback: it may quote a text."""
    parser = _parser()
    _let_java_name_all_files()
    try:
        namespace, unknown = parser.parse_known_args(arguments)
        namespace.parser.check_unknown(unknown)
        run: Command = namespace.command
        return run(namespace)
    except MhBatchError as error:
        print(f"mh-batch: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("mh-batch: interrupted; what is finished is kept, the same command goes on from there", file=sys.stderr)
        return 130
    except SystemExit:
        raise
    except BaseException as error:  # a panic of a library in Rust is no Exception
        if is_debugging():
            raise
        print(f"mh-batch: {withheld(error)}", file=sys.stderr)
        return 1


def _let_java_name_all_files() -> None:
    """In the locale C Python knows all letters, but a JVM that is started only ASCII's, also in names of files."""
    if codecs.lookup(locale.getencoding()).name == "ascii":
        os.environ["LC_ALL"] = "C.UTF-8"


def _parser() -> Parser:
    parser = Parser(
        prog="mh-batch", description="Score large text collections for mental-health indicators.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"mh-batch {__version__}")
    parser.set_defaults(parser=parser)
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _demo(_subcommand(subparsers, "demo", scoring.demo, "write a synthetic corpus, score it, report, look"))
    _configured(subparsers, scoring.score, ScoreSettings, "score a corpus, validate, publish and report")
    _configured(subparsers, scoring.nightly, NightlySettings, "score a day's corpus once, compare, retire old runs")
    _store(_subcommand(subparsers, "store", store.store, "show what the score store holds, or keep it small"))
    _configured(subparsers, runs.report, ReportSettings, "write the report of a published run again")
    _configured(subparsers, publishing.publish, PublishSettings, "copy a published run into tables that others query")
    validate = _subcommand(subparsers, "validate", runs.validate, "check a published run against its contracts")
    add_flags(validate, RunSettings)
    follow = _configured(subparsers, followup.followup, FollowupSettings, "issue what follows from a run; send nothing")
    follow.add_argument("--example-policy", action=PrintExamplePolicy, nargs=0, help="print a policy to start from")
    _configured(subparsers, delivery.deliver, DeliverSettings, "deliver what was issued, to whom authors agreed to")
    _runs(_subcommand(subparsers, "runs", runs.runs, "list the runs of an output root"))
    _configured(subparsers, privacy.erase, EraseSettings, "erase persons or documents, and prove it")
    _configured(subparsers, privacy.rotate_key, RotateSettings, "put all pseudonyms under a new key")
    _models(_subcommand(subparsers, "models", models.models, "list the model cards, or show one"))
    _classify(_subcommand(subparsers, "classify", models.classify, "probabilities of single texts, without Spark"))
    _configured(subparsers, training.train, TrainSettings, "train a model by a recipe, and measure it")
    _configured(subparsers, export.export, ExportSettings, "write a model as ONNX graphs that agree with it")
    _configured(subparsers, generation.generate, GenerateSettings, "write labelled texts by a recipe, to train on")
    _configured(subparsers, preparation.prepare, PrepareSettings, "make splits to train and to judge a model on")
    _configured(subparsers, evaluation.evaluate, EvaluationSettings, "measure models on labelled texts, and compare")
    _configured(subparsers, benchmark.benchmark, BenchmarkSettings, "measure the engines against other tools")
    return parser


def _subcommand(subparsers: "argparse._SubParsersAction[Parser]", name: str, command: Command, text: str) -> Parser:
    parser = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=_EPILOG)
    parser.set_defaults(command=command, parser=parser)
    return parser


def _configured(
    subparsers: "argparse._SubParsersAction[Parser]", command: Command, settings: type[BaseModel], text: str
) -> Parser:
    """Add a command of the function's name, whose settings come from flags and a YAML file."""
    parser = _subcommand(subparsers, command.__name__.replace("_", "-"), command, text)
    parser.add_argument("--config", type=Path, help="YAML file with the same settings; flags win over it")
    add_flags(parser, settings)
    return parser


def _demo(parser: Parser) -> None:
    parser.add_argument("--output", type=Path, default=Path("demo"), help="folder of the demo (default: demo)")
    parser.add_argument("--documents", type=int, default=3000, help="size of the corpus (default: 3000)")


def _runs(parser: Parser) -> None:
    parser.add_argument("--output", required=True, help="root folder of store and runs")
    parser.add_argument("--json", action="store_true", help="one JSON object per run")


def _store(parser: Parser) -> None:
    operations = parser.add_subparsers(title="operations", required=True, metavar="OPERATION", dest="operation")
    stats = _subcommand(operations, "stats", store.store, "what the store holds, by model fingerprint")
    add_flags(stats, StoreSettings)
    stats.add_argument("--json", action="store_true", help="one JSON object per fingerprint")
    add_flags(_subcommand(operations, "compact", store.store, "put many small files together in few"), StoreSettings)
    add_flags(_subcommand(operations, "prune", store.store, "delete what no longer wanted models said"), PruneSettings)


def _models(parser: Parser) -> None:
    parser.add_argument("name", nargs="?", help="show this model's card")
    parser.add_argument("--models-dir", type=Path, help="folder with one sub-folder per model")


def _classify(parser: Parser) -> None:
    parser.add_argument("text", nargs="*", help="texts; lines of standard input if none is given")
    parser.add_argument(
        "--model", action="append", help="card, hub name or folder; may be repeated (default: xlmr-depression-mini)"
    )
    parser.add_argument("--models-dir", type=Path, help="folder with one sub-folder per model")
    parser.add_argument("--json", action="store_true", help="one JSON object per text and model")


if __name__ == "__main__":
    sys.exit(main())

"""`mh-batch followup`: what follows from a published run issued, and nothing sent."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from mh_batch.commands.base import Command
from mh_batch.common.flags import Parser
from mh_batch.settings import FollowupSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class _PrintExamplePolicy(argparse.Action):
    """Prints the policy that ships, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:  # noqa: ANN401 - argparse's own arguments
        """Print it."""
        from mh_batch.followup.policy import example_policy

        print(example_policy().read_text(encoding="utf-8"), end="")
        parser.exit()


def _offer_example(parser: Parser) -> None:
    parser.add_argument("--example-policy", action=_PrintExamplePolicy, nargs=0, help="print a policy to start from")


def _run(settings: FollowupSettings) -> int:
    from mh_batch import open_run
    from mh_batch.consent import ConsentLedger
    from mh_batch.followup import follow_up, load_policy
    from mh_batch.output import OutputRoot, root_key

    policy, root = load_policy(settings.policy), OutputRoot.existing(settings.output)
    run, ledger = open_run(settings.output, settings.run), ConsentLedger.open(settings.consent)
    issued = follow_up(
        _session,
        root,
        run,
        policy,
        ledger,
        root_key(root, settings.key_file),
        issued_by=settings.issued_by,
        dry_run=settings.dry_run,
    )
    print(f"run {run.run_id}, policy {policy.name} {policy.digest[:12]}")
    for rule in policy.rules:
        due = sum(row.rule == rule.name for row in issued.rows)
        word = "would be issued" if settings.dry_run else "issued"
        print(
            f"  {rule.name}: met by {issued.candidates[rule.name]:,} consenting authors ({rule.scope}); {due:,} {word}"
        )
    print("Nothing has been sent: mh-batch deliver does that. An indicator is not a diagnosis.")
    return 0


@contextmanager
def _session() -> "Iterator[SparkSession]":
    from mh_batch.spark import command_session, run_settings

    with command_session("mh-batch followup") as spark, run_settings(spark):
        yield spark


COMMAND = Command(
    "followup",
    FollowupSettings,
    _run,
    "issue what follows from a run; send nothing",
    add_arguments=_offer_example,
)

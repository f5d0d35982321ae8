"""`mh-batch erase`: authors and documents erased from an output root."""

from collections.abc import Mapping
from typing import Any

from mh_batch.commands.base import Command
from mh_batch.errors import SettingsError
from mh_batch.settings import EraseSettings


def _keep_ids_out_of_event_log(flags: Mapping[str, Any]) -> None:
    from mh_batch.spark import is_submitted

    if is_submitted() and {"author", "doc"} & flags.keys():
        raise SettingsError(
            "Spark's event log keeps the command line of spark-submit: name authors and documents in a --file"
        )


def _run(settings: EraseSettings) -> int:
    from mh_batch.output import OutputRoot, root_key
    from mh_batch.privacy.erasure import erase
    from mh_batch.privacy.erasure.naming import subjects_of
    from mh_batch.spark import command_session, run_settings

    root = OutputRoot.existing(settings.output)
    subjects = subjects_of(settings.author, settings.doc, settings.file)
    key = root_key(root, settings.key_file)
    with command_session("mh-batch erase") as spark, run_settings(spark):
        erased = erase(spark, root.folder, key, subjects, tombstone=not settings.no_tombstone)
    if not erased.documents:
        print("no document of them was found: are these the ids that the corpus gives them?")
    print(
        f"erased {erased.documents:,} documents from {len(erased.runs):,} runs, and {erased.texts:,} texts from the "
        "score store; nothing of them was found afterwards"
    )
    return 0


COMMAND = Command(
    "erase",
    EraseSettings,
    _run,
    "erase persons or documents, and prove it",
    check_flags=_keep_ids_out_of_event_log,
)

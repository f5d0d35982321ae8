"""Commands that erase persons and change keys."""

import argparse

from mh_batch.common.flags import given_flags
from mh_batch.errors import SettingsError
from mh_batch.settings import EraseSettings, RotateSettings, load_settings


def erase(arguments: argparse.Namespace) -> int:
    """Erase authors and documents from an output root."""
    from mh_batch.output.keys import root_key
    from mh_batch.output.layout import OutputRoot
    from mh_batch.privacy.erasure import erase as erase_subjects
    from mh_batch.privacy.erasure.naming import subjects_of
    from mh_batch.spark.session import command_session, is_submitted, run_settings

    flags = given_flags(arguments, EraseSettings)
    if is_submitted() and {"author", "doc"} & flags.keys():
        raise SettingsError(
            "Spark's event log keeps the command line of spark-submit: name authors and documents in a --file"
        )
    settings = load_settings(EraseSettings, arguments.config, flags)
    root = OutputRoot.existing(settings.output)
    subjects = subjects_of(settings.author, settings.doc, settings.file)
    key = root_key(root, settings.key_file)
    with command_session("mh-batch erase") as spark, run_settings(spark):
        erased = erase_subjects(spark, root.folder, key, subjects, tombstone=not settings.no_tombstone)
    if not erased.documents:
        print("no document of them was found: are these the ids that the corpus gives them?")
    print(
        f"erased {erased.documents:,} documents from {len(erased.runs):,} runs, and {erased.texts:,} texts from the "
        "score store; nothing of them was found afterwards"
    )
    return 0


def rotate_key(arguments: argparse.Namespace) -> int:
    """Put an output root's pseudonyms under a new key."""
    from mh_batch.output.layout import OutputRoot
    from mh_batch.privacy.rotation import rotate

    settings = load_settings(RotateSettings, arguments.config, given_flags(arguments, RotateSettings))
    rotated = rotate(OutputRoot.existing(settings.output), settings.key_file, settings.write_key_to)
    print(f"{rotated.files:,} files are under the new key, which is in {rotated.key_file}")
    return 0

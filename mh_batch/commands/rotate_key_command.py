"""`mh-batch rotate-key`: the pseudonyms of an output root put under a new key."""

from mh_batch.commands.base import Command
from mh_batch.settings import RotateSettings


def _run(settings: RotateSettings) -> int:
    from mh_batch.output import OutputRoot
    from mh_batch.privacy.rotation import rotate

    rotated = rotate(OutputRoot.existing(settings.output), settings.key_file, settings.write_key_to)
    print(f"{rotated.files:,} files are under the new key, which is in {rotated.key_file}")
    return 0


COMMAND = Command("rotate-key", RotateSettings, _run, "put all pseudonyms under a new key")

"""Files and tables of other writers, as they are: which there are, what their columns hold, which rows count.

Needs no Spark, but for `spark_types`.
"""

from typing import TYPE_CHECKING

from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.sources.inputs import Input as Input, parse_input as parse_input
    from mh_batch.sources.snapshot_reading import read_snapshot as read_snapshot
    from mh_batch.sources.snapshots import (
        DataFile as DataFile,
        Positions as Positions,
        TableSnapshot as TableSnapshot,
        TableVersion as TableVersion,
    )
    from mh_batch.sources.survey import BadFile as BadFile, SoundFile as SoundFile
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "inputs": ["Input", "parse_input"],
            "snapshot_reading": ["read_snapshot"],
            "snapshots": ["DataFile", "Positions", "TableSnapshot", "TableVersion"],
            "survey": ["BadFile", "SoundFile"],
        },
    )

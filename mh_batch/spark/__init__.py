"""Spark sessions, their settings and resources, and what runs on executors."""

from typing import TYPE_CHECKING

from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.spark.capability import GPU_WORKERS as GPU_WORKERS, find_placement as find_placement
    from mh_batch.spark.counters import (
        Counters as Counters,
        Effort as Effort,
        Throughput as Throughput,
        peak_bytes as peak_bytes,
    )
    from mh_batch.spark.devices import Placement as Placement, device_of_task as device_of_task
    from mh_batch.spark.materialization import (
        materialize as materialize,
        persist_on_executors as persist_on_executors,
        unpersist as unpersist,
    )
    from mh_batch.spark.python_workers import (
        BatchFunction as BatchFunction,
        common_workers as common_workers,
        leave_archives_alone as leave_archives_alone,
        made_to_stay as made_to_stay,
        own_workers as own_workers,
    )
    from mh_batch.spark.resources import inference_profile as inference_profile
    from mh_batch.spark.session import (
        check_java as check_java,
        command_session as command_session,
        is_submitted as is_submitted,
        run_settings as run_settings,
        start_session as start_session,
    )
    from mh_batch.spark.tasks import (
        TOKENS_PER_GPU_TASK as TOKENS_PER_GPU_TASK,
        TOKENS_PER_TASK as TOKENS_PER_TASK,
        TaskPlan as TaskPlan,
    )
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "capability": ["GPU_WORKERS", "find_placement"],
            "counters": ["Counters", "Effort", "Throughput", "peak_bytes"],
            "devices": ["Placement", "device_of_task"],
            "materialization": ["materialize", "persist_on_executors", "unpersist"],
            "python_workers": [
                "BatchFunction",
                "common_workers",
                "leave_archives_alone",
                "made_to_stay",
                "own_workers",
            ],
            "resources": ["inference_profile"],
            "session": ["check_java", "command_session", "is_submitted", "run_settings", "start_session"],
            "tasks": ["TOKENS_PER_GPU_TASK", "TOKENS_PER_TASK", "TaskPlan"],
        },
    )

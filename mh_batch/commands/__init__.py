"""The commands of `mh-batch`, in the order in which its help names them."""

from typing import Any

from mh_batch.commands import (
    benchmark_command,
    classify_command,
    deliver_command,
    demo_command,
    erase_command,
    evaluate_command,
    export_command,
    followup_command,
    generate_command,
    models_command,
    nightly_command,
    prepare_command,
    publish_command,
    report_command,
    rotate_key_command,
    runs_command,
    score_command,
    store_command,
    train_command,
    validate_command,
)
from mh_batch.commands.base import Command, CommandGroup

COMMANDS: tuple[Command[Any] | CommandGroup, ...] = (
    demo_command.COMMAND,
    score_command.COMMAND,
    nightly_command.COMMAND,
    store_command.COMMAND,
    report_command.COMMAND,
    publish_command.COMMAND,
    validate_command.COMMAND,
    followup_command.COMMAND,
    deliver_command.COMMAND,
    runs_command.COMMAND,
    erase_command.COMMAND,
    rotate_key_command.COMMAND,
    models_command.COMMAND,
    classify_command.COMMAND,
    train_command.COMMAND,
    export_command.COMMAND,
    generate_command.COMMAND,
    prepare_command.COMMAND,
    evaluate_command.COMMAND,
    benchmark_command.COMMAND,
)

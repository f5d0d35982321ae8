"""Typed, frozen settings: a YAML file and flags fill the same fields."""

from mh_batch.settings.base import load_settings
from mh_batch.settings.benchmark import BenchmarkSettings, DeviceBenchmarkSettings
from mh_batch.settings.evaluation import EvaluationSettings
from mh_batch.settings.export import ExportSettings
from mh_batch.settings.followup import DeliverSettings, FollowupSettings
from mh_batch.settings.generation import GenerateSettings
from mh_batch.settings.preparation import PrepareSettings
from mh_batch.settings.privacy import EraseSettings, RotateSettings
from mh_batch.settings.publishing import PublishSettings
from mh_batch.settings.runs import (
    Device,
    EngineChoice,
    NightlySettings,
    Period,
    PrecisionChoice,
    PruneSettings,
    ReportOptions,
    ReportSettings,
    RunSettings,
    ScoreSettings,
    StoreSettings,
)
from mh_batch.settings.training import TrainSettings

__all__ = [
    "BenchmarkSettings",
    "DeliverSettings",
    "Device",
    "DeviceBenchmarkSettings",
    "EngineChoice",
    "EraseSettings",
    "EvaluationSettings",
    "ExportSettings",
    "FollowupSettings",
    "GenerateSettings",
    "NightlySettings",
    "Period",
    "PrecisionChoice",
    "PrepareSettings",
    "PruneSettings",
    "PublishSettings",
    "ReportOptions",
    "ReportSettings",
    "RotateSettings",
    "RunSettings",
    "ScoreSettings",
    "StoreSettings",
    "TrainSettings",
    "load_settings",
]

"""Typed, frozen settings: a YAML file and flags fill the same fields."""

from mh_batch.settings.base import load_settings
from mh_batch.settings.benchmark_settings import BenchmarkSettings, DeviceBenchmarkSettings
from mh_batch.settings.dataset_settings import GenerateSettings, PrepareSettings
from mh_batch.settings.evaluation_settings import EvaluationSettings
from mh_batch.settings.followup_settings import DeliverSettings, FollowupSettings
from mh_batch.settings.model_settings import ExportSettings, TrainSettings
from mh_batch.settings.privacy_settings import EraseSettings, RotateSettings
from mh_batch.settings.run_settings import PruneSettings, PublishSettings, ReportSettings, RunSettings, StoreSettings
from mh_batch.settings.scoring_settings import (
    Device,
    EngineChoice,
    NightlySettings,
    Period,
    PrecisionChoice,
    ReportOptions,
    ScoreSettings,
)

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

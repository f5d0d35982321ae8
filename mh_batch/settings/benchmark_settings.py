"""Settings of the benchmarks."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mh_batch.settings.base import Names, Settings, Sizes, as_list

_TEXTS = "file of texts: Parquet with a column text, .txt with a text a line, .jsonl; the latter two may be .gz"


class BenchmarkSettings(Settings):
    """Settings of `mh-batch benchmark`."""

    output: Path = Field(Path("benchmark"), description="folder for the table, the figures, the plot and the logs")
    model: str = Field("xlmr-depression-mini", description="card, hub name or local folder to run")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model, where there is no hub")
    random: Literal["xlm-roberta-base", "longformer-base"] | None = Field(
        None, description="run random weights of this size instead, with --tokenizer"
    )
    tokenizer: Path | None = Field(None, description="folder with tokenizer.json and tokenizer_config.json")
    texts: Path | None = Field(None, description=f"{_TEXTS}; synthetic posts if unset")
    documents: int = Field(20_000, ge=1, description="at most so many texts")
    peers: Literal["none", "basic", "all"] = Field(
        "basic", description="whom to measure against; all makes an environment for those that need one"
    )
    contestants: Names = Field((), description="measure these only")
    shapes: Names = Field((), description="also measure batches of these shapes, windows x tokens: 16x64 1x4096")
    agreement: Annotated[tuple[Literal["bf16", "fp16", "int8"], ...], BeforeValidator(as_list)] = Field(
        (), description="also compare what these precisions say of all texts with what fp32 says: bf16 int8"
    )
    pipeline: Sizes = Field(
        (), description="measure, instead, what the job costs apart from the model, with so many documents: 1000000"
    )
    lookup: Sizes = Field(
        (), description="measure, instead, what a lookup costs in a score store of so many texts: 1000000 10000000"
    )
    report: Sizes = Field(
        (), description="measure, instead, what a report costs over so many scored documents: 10000000"
    )
    rounds: int = Field(3, ge=1, description="rounds; figures are medians over them")
    round_seconds: float = Field(10.0, gt=0, description="how long a round of one contestant lasts, about")
    threads: int | None = Field(None, ge=1, description="threads or Spark tasks side by side; all cores if unset")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where to compute")


class DeviceBenchmarkSettings(Settings):
    """Settings of `python -m mh_batch.benchmark`."""

    output: Path = Field(Path("device-benchmark.json"), description="JSON file for the findings")
    texts: Path = Field(description=_TEXTS)
    long_texts: Path | None = Field(None, description="the same, for Longformer; --texts if unset")
    tokenizers: Path | None = Field(
        None, description="folder with xlm-roberta/ and roberta/, each with a vocabulary; those that ship if unset"
    )
    only: Annotated[tuple[Literal["xlm-roberta", "longformer", "agreement"], ...], BeforeValidator(as_list)] = Field(
        ("xlm-roberta", "longformer", "agreement"), description="measure these parts only"
    )
    models: Names = Field(
        ("xlmr-depression-mini", "longformer-mental-health-mini"),
        description="models whose labels in this precision and in fp32 are compared, over all texts",
    )
    peers: Literal["none", "all"] = Field("all", description="whom to measure beside our engine")
    device: Literal["cpu", "cuda"] = Field("cuda", description="where to compute")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field("auto", description="what all compute in")
    seconds: float = Field(1.5, gt=0, description="how long a round of one contestant lasts, about")
    rounds: int = Field(3, ge=1, description="rounds; figures are medians over them")
    batch_tokens: int = Field(65_536, ge=1, description="tokens of a batch where the benchmark chooses it")
    most_texts: int = Field(40_960, ge=1, description="texts of a round at most")
    processes: int | None = Field(None, ge=1, description="processes that tokenise; one for each core if unset")
    cudnn_attention: bool = Field(False, description="leave cuDNN's attention to the peers on mixed texts as well")
    small: bool = Field(False, description="measure small networks on few texts, to try the benchmark itself")

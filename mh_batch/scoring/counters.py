"""What the workers did, summed on the driver."""

from dataclasses import dataclass

from pyspark import Accumulator, SparkContext


@dataclass(frozen=True)
class Counters:
    """Sums over finished tasks. A task that is run again counts again: these tell the effort, not the result."""

    texts: "Accumulator[int]"
    tokens: "Accumulator[int]"
    windows: "Accumulator[int]"
    model_loads: "Accumulator[int]"

    @classmethod
    def on(cls, context: SparkContext) -> "Counters":
        """Make counters at zero."""
        return cls(*[context.accumulator(0) for _ in range(4)])

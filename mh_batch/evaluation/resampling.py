"""The bootstrap: how often each row is drawn, and the intervals that follow."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from mh_batch.evaluation.metrics import Floats

# Weights held at once, which bounds memory: 8 bytes each, and the figures need a few copies.
_MOST_WEIGHTS = 8_000_000
# Of the draws, the share in which a figure must be defined for an interval.
_LEAST_DEFINED = 0.95
_ENDS = (2.5, 97.5)


def draw_weights(clusters: npt.NDArray[np.int64], draws: int, seed: int | Sequence[int]) -> Iterator[Floats]:
    """Yield how often each row is drawn (some draws x rows), until there are `draws` of them.

    Clusters are drawn with replacement, as many as there are, with all of their rows. The same seed draws the same.

    Args:
        clusters: Number of each row's cluster: its author, or itself.
        draws: How many bootstrap samples.
        seed: Of the random numbers.
    """
    _, places = np.unique(clusters, return_inverse=True)
    count = int(places.max()) + 1
    generator = np.random.default_rng(seed)
    step = max(1, _MOST_WEIGHTS // len(places))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = generator.integers(count, size=(size, count)) + np.arange(size)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        yield times[:, places].astype(np.float64)


def interval(draws: Floats) -> tuple[float | None, float | None]:
    """Return the ends of the 95 % percentile interval; none where too few draws define the figure."""
    defined = draws[~np.isnan(draws)]
    if len(defined) < _LEAST_DEFINED * len(draws):
        return None, None
    low, high = np.percentile(defined, _ENDS)
    return float(low), float(high)

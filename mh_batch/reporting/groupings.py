"""The groups of a report: dimensions, the crossings that are counted, and names of crossings."""

from collections.abc import Iterable, Sequence

from mh_batch.settings import Period

ALL = "all"
UNDATED = "undated"
UNKNOWN = "unknown"

# Why a group is not shown.
SMALL = "small"
COMPLEMENTARY = "complementary"

DIMENSIONS = ("period", "language", "region", "source")
KEYS = ("by", *DIMENSIONS)

Crossing = tuple[str, ...]

# What every report shows, as far as the corpus knows the dimensions. The page draws those that it names itself.
_USUAL: tuple[Crossing, ...] = (
    (),
    ("period",),
    ("language",),
    ("region",),
    ("source",),
    ("period", "language"),
    ("period", "region"),
)


def crossings(group_by: Iterable[str], period: Period) -> list[Crossing]:
    """Return the crossings that a report counts: the usual ones, then those asked for.

    Args:
        group_by: Crossings as the settings write them, such as `region,week`.
        period: What the report groups dates by.
    """
    return list(dict.fromkeys([*_USUAL, *crossings_asked(group_by, period)]))


def crossings_asked(group_by: Iterable[str], period: Period) -> list[Crossing]:
    """Return the crossings that the settings ask for."""
    return [_crossing(names.split(","), period) for names in group_by]


def known_crossings(wanted: Iterable[Crossing], known: Sequence[str]) -> list[Crossing]:
    """Return the crossings of dimensions that the corpus knows: the others would repeat what stands there already."""
    return list(dict.fromkeys(crossing for crossing in wanted if set(crossing) <= set(known)))


def name_of(crossing: Crossing, period: Period) -> str:
    """Return how the tables name a crossing: `week,language`, or `all`."""
    return ",".join(period if name == "period" else name for name in crossing) or ALL


def _crossing(names: Iterable[str], period: Period) -> Crossing:
    meant = {"period" if name.strip() == period else name.strip() for name in names}
    return tuple(name for name in DIMENSIONS if name in meant)

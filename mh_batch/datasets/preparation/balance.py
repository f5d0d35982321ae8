"""Draws rows so that the length bands have the shares of the second seed's generator."""

import pandas as pd

from mh_batch.datasets.lengths import POST_BAND_NAMES, POST_SHARES
from mh_batch.datasets.preparation.reasons import ExclusionReason, left_out


def balanced(rows: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows drawn, and what is recorded of the others.

    The scarcest of the bands that occur decides how many rows there are; a band without rows stays empty, and texts
    outside of all bands go. Each language keeps its share in each band.
    """
    wanted = _wanted(rows["length_band"])
    order = pd.util.hash_array(rows["doc_id"].to_numpy(dtype=object), hash_key=hash_key(seed))
    drawn = pd.DataFrame({"band": rows["length_band"], "language": rows["language"], "order": order})
    # A share of each language, the same in all: the place in its queue over the queue's length.
    drawn["turn"] = drawn.groupby(["band", "language"])["order"].rank(pct=True)
    place = drawn.sort_values(["turn", "order"]).groupby("band").cumcount()
    chosen = place.reindex(rows.index) < rows["length_band"].map(wanted).fillna(0)
    return rows[chosen], left_out(rows[~chosen], ExclusionReason.LENGTH_BALANCE)


def hash_key(seed: int) -> str:
    """Return the sixteen characters that pandas' hash takes for a seed."""
    return f"{seed:016d}"[-16:]


def _wanted(bands: pd.Series) -> dict[str, int]:
    counts = bands.value_counts()
    shares = {name: share for name, share in zip(POST_BAND_NAMES, POST_SHARES, strict=True) if counts.get(name, 0)}
    if not shares:
        return {}
    # A hair is added for shares that binary fractions put just below a whole number.
    total = min(counts[name] / share for name, share in shares.items())
    return {name: int(total * share + 1e-9) for name, share in shares.items()}

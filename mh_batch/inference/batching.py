"""Batches under a token budget, longest first."""

from collections.abc import Iterator, Sequence


def token_budget_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield batches of indices into `lengths`, longest sequences first.

    A batch costs its longest length times its size (that is what padding computes) and stays within `budget` tokens;
    a sequence that is longer than the budget stands alone. Longest first: if memory runs short, it does so at once.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch

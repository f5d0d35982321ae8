"""The assignment of texts to tasks: of equal work, the longest texts first.

A long text that comes last keeps one core busy while the others wait, and texts of about one length fill batches
without waste. So texts are lined up by size class, longest first and in random order inside a class, and the line is
cut into tasks of as many tokens each. Spark starts tasks in their order.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Self

from pyspark.sql import Column, DataFrame, functions as F

# A finished task is durable: small tasks lose little when a run is killed, and the model stays loaded between them.
TOKENS_PER_TASK = 250_000
# Some seconds of a fast GPU, a few minutes of a slow one.
TOKENS_PER_GPU_TASK = 20_000_000
_MAX_TASKS = 100_000

_DRAWS = 2**31


@dataclass(frozen=True)
class TaskPlan:
    """A plan that spreads texts over tasks.

    Attributes:
        texts: How many there are.
        tokens: Their tokens; a text without any counts as one.
        tasks: Tasks that score them.
        line: For each size class where it begins on the line of all texts, and how long it is, in tokens.
    """

    texts: int
    tokens: int
    tasks: int
    line: Mapping[int, tuple[int, int]]

    @classmethod
    def of(
        cls,
        tokenised: DataFrame,
        tasks: int | None,
        tokens_per_task: int = TOKENS_PER_TASK,
        least: int | None = None,
    ) -> Self:
        """Plan for texts (`content_key, n_tokens`).

        Args:
            tokenised: The texts.
            tasks: How many tasks; as many as the texts' size asks for if None.
            tokens_per_task: What that is.
            least: Tasks that can run side by side; one for each core if None.
        """
        classes = tokenised.groupBy(_size_class().alias("size")).agg(F.count("*"), F.sum(_tokens())).collect()
        line: dict[int, tuple[int, int]] = {}
        texts = tokens = 0
        for size, count, length in sorted(classes, reverse=True):
            line[size] = tokens, length
            texts, tokens = texts + count, tokens + length
        side_by_side = least or tokenised.sparkSession.sparkContext.defaultParallelism
        by_size = max(math.ceil(tokens / tokens_per_task), side_by_side)
        return cls(texts, tokens, tasks or min(texts, _MAX_TASKS, by_size), line)

    def task(self) -> Column:
        """The number of the task of a text (`content_key, n_tokens`)."""
        places = F.create_map(
            *chain(*[(F.lit(size), F.array(*map(F.lit, place))) for size, place in self.line.items()])
        )
        place = places[_size_class()]
        draw = F.xxhash64("content_key").bitwiseAND(_DRAWS - 1) / _DRAWS
        number = F.floor((place[0] + draw * place[1]) / self.tokens * self.tasks)
        # Rounding may reach the end of the line.
        return F.least(number, F.lit(self.tasks - 1)).cast("int")


def _tokens() -> Column:
    return F.greatest("n_tokens", F.lit(1))


def _size_class() -> Column:
    """Texts whose lengths differ by less than a factor of two are of one class."""
    return F.floor(F.log2(_tokens())).cast("int")

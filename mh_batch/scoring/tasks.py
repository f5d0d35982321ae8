"""Which task scores which text: tasks of equal work, the longest texts first.

A long text that comes last keeps one core busy while the others wait, and texts of about one length fill batches
without waste. So texts are lined up by size class, longest first and in random order inside a class, and the line is
cut into tasks of as many characters each. Spark starts tasks in their order.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Self

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# A finished task is durable: small tasks lose little when a run is killed, and the model stays loaded between them.
_CHARS_PER_TASK = 1_000_000
_MAX_TASKS = 100_000

_DRAWS = 2**31


@dataclass(frozen=True)
class TaskPlan:
    """How texts are spread over tasks.

    Attributes:
        texts: How many there are.
        chars: Their characters.
        tasks: Tasks that score them.
        line: For each size class where it begins on the line of all texts, and how long it is, in characters.
    """

    texts: int
    chars: int
    tasks: int
    line: Mapping[int, tuple[int, int]]

    @classmethod
    def of(cls, missing: DataFrame, tasks: int | None) -> Self:
        """Plan for texts (`content_key, n_chars`) in so many tasks, or as many as their size asks for."""
        classes = missing.groupBy(_size_class().alias("size")).agg(F.count("*"), F.sum("n_chars")).collect()
        line: dict[int, tuple[int, int]] = {}
        texts = chars = 0
        for size, count, length in sorted(classes, reverse=True):
            line[size] = chars, length
            texts, chars = texts + count, chars + length
        by_size = max(math.ceil(chars / _CHARS_PER_TASK), missing.sparkSession.sparkContext.defaultParallelism)
        return cls(texts, chars, tasks or min(texts, _MAX_TASKS, by_size), line)

    def task(self) -> Column:
        """The number of the task of a text (`content_key, n_chars`)."""
        places = F.create_map(
            *chain(*[(F.lit(size), F.array(*map(F.lit, place))) for size, place in self.line.items()])
        )
        place = places[_size_class()]
        draw = F.xxhash64("content_key").bitwiseAND(_DRAWS - 1) / _DRAWS
        return F.floor((place[0] + draw * place[1]) / self.chars * self.tasks).cast("int")


def _size_class() -> Column:
    """Texts whose lengths differ by less than a factor of two are of one class."""
    return F.floor(F.log2("n_chars")).cast("int")

"""What `prepare` leaves behind."""

from dataclasses import dataclass
from pathlib import Path

from mh_batch.datasets.preparation.card import Card
from mh_batch.datasets.preparation.publishing import README


@dataclass(frozen=True)
class Prepared:
    """A published data set."""

    folder: Path
    card: Card

    def summary(self) -> str:
        """Counts, what was left out, and where the data set lies, in lines."""
        rows, conflicts, leaks = self.card["rows"], self.card["conflicts"], self.card["leaks"]
        lines = [
            f"{self.card['name']}: {rows['read']:,} rows read, {rows['used']:,} used",
            f"  {_counts(self.card['splits'])}",
            f"  left out: {_counts(self.card['left_out'])}",
            f"  labels in conflict: {_counts(conflicts)}",
            f"  in two splits: {_counts({name: leaks[name] for name in ('copies', 'near_copies', 'authors')})}",
            f"  data card: {self.folder / README}",
        ]
        return "\n".join(lines)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items()) or "none"

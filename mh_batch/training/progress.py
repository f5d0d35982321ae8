"""Progress lines of the recipes."""

import sys
import time


class Progress:
    """Prints, at most every `every` seconds: how much is done, the rate and the time left."""

    def __init__(self, what: str, total: int, every: float = 20.0, done: int = 0) -> None:
        """Start the clock for `total` pieces of work, of which some were done before."""
        self.what, self.total, self.every, self.before = what, total, every, done
        self.start = self.last = time.monotonic()

    def show(self, done: int, note: str = "") -> None:
        """Report that `done` of the total are done; the last report is always printed."""
        now = time.monotonic()
        if now - self.last < self.every and done < self.total:
            return
        self.last = now
        elapsed = max(now - self.start, 1e-9)
        left = elapsed / max(done - self.before, 1) * (self.total - done)
        line = f"{self.what}: {done:,}/{self.total:,}, {elapsed:.0f} s, {left:.0f} s left {note}"
        print(line.rstrip(), file=sys.stderr, flush=True)

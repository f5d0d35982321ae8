"""Random consent histories, and what they say, worked out one event at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from mh_batch.consent import SCOPES

START = datetime(2026, 1, 1, tzinfo=UTC)
AUTHORS, DOCS = ("ada", "bob", "cyd"), ("d0", "d1", "d2", "d3")


@dataclass(frozen=True)
class Event:
    """One row of a ledger; `day` counts from the start."""

    subject: tuple[str, str]  # ("author_id" or "doc_id", the id)
    scope: str
    event: str
    day: int

    def row(self) -> dict[str, Any]:
        ids = {"author_id": None, "doc_id": None, self.subject[0]: self.subject[1]}
        return {**ids, "scope": self.scope, "event": self.event, "at": moment(self.day)}


def moment(day: float) -> datetime:
    return START + timedelta(days=day)


def frame(events: Collection[Event]) -> pd.DataFrame:
    columns = ["author_id", "doc_id", "scope", "event", "at"]
    rows = pd.DataFrame([event.row() for event in events], columns=columns)
    return rows.assign(at=pd.to_datetime(rows["at"], utc=True))


def histories(scopes: Collection[str] = SCOPES, days: int = 6, most: int = 25) -> st.SearchStrategy[list[Event]]:
    subjects = [("author_id", name) for name in AUTHORS] + [("doc_id", name) for name in DOCS]
    event = st.builds(
        Event,
        st.sampled_from(subjects),
        st.sampled_from(sorted(scopes)),
        st.sampled_from(["granted", "withdrawn"]),
        st.integers(0, days),
    )
    return st.lists(event, unique=True, max_size=most)


def may_be_used(
    events: Collection[Event], scope: str, author: str | None, doc: str, listed: Collection[str] | None, day: float
) -> bool:
    """The rule, told as a story: time passes, and what each says last, stands."""
    voices: dict[tuple[str, str], str] = {}
    for today in range(int(day) + 1):
        said = [event for event in events if event.day == today and event.scope == scope]
        for word in ("granted", "withdrawn"):  # who says both on one day has withdrawn
            voices |= {event.subject: word for event in said if event.event == word}
    heard = [voices.get(("author_id", author or "")), voices.get(("doc_id", doc))]
    if listed is not None:
        heard.append("granted" if scope in listed else "withdrawn")
    return "granted" in heard and "withdrawn" not in heard

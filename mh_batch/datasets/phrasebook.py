"""What a file of phrases holds, and the checks that it holds together."""

import re
from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

STATES = ("neutral", "depressed", "anxious", "stressed")

_SLOT = re.compile(r"\{(\w+)\}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatePhrases(_Strict):
    """The phrases of one state: sentence templates, short messages, and fillers of its own."""

    slots: dict[str, tuple[str, ...]]
    sentences: tuple[str, ...]
    short: tuple[str, ...]


class Phrasebook(_Strict):
    """The phrases of one language, by state, with the fillers that all states share."""

    language: str
    openers: tuple[str, ...]
    links: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]
    states: dict[str, StatePhrases]

    def slots_of(self, state: str) -> Mapping[str, tuple[str, ...]]:
        """Return the fillers that templates of `state` may use, by slot name."""
        return {**self.slots, **self.states[state].slots}

    @model_validator(mode="after")
    def _has_every_state(self) -> Self:
        if set(self.states) != set(STATES):
            raise ValueError(f"phrases '{self.language}' need the states {', '.join(STATES)}")
        return self

    @model_validator(mode="after")
    def _every_slot_has_fillers(self) -> Self:
        for state, slot in self._slots_in_use():
            if not self.slots_of(state).get(slot):
                raise ValueError(f"phrases '{self.language}': slot '{slot}' of '{state}' has no fillers")
        return self

    def _slots_in_use(self) -> Iterator[tuple[str, str]]:
        for name, state in self.states.items():
            for template in (*state.sentences, *state.short):
                yield from ((name, slot) for slot in _SLOT.findall(template))

"""A phrase grammar per language: draws sentences and texts that sound like a state of mind.

The phrases were written for this project. They exercise pipelines and seed small training sets; they
say nothing about how people in distress really write.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from mh_batch.errors import UsageError, nearest

STATES = ("neutral", "depressed", "anxious", "stressed")

_SLOT = re.compile(r"\{(\w+)\}")

LANGUAGES = ("en", "de", "fr", "it", "pt", "es")

_OPENER_SHARE = 0.25
_LINK_SHARE = 0.2
_SHORT_WORDS = 9
_TRIES = 12
_FIRST_LETTER = re.compile(r"[^\W\d_]")

# The loader in C is ten times as fast; not every build of PyYAML has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Literal text at even places, slot names at odd ones.
_Template = tuple[str, ...]


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


@dataclass(frozen=True)
class Grammar:
    """The phrases of one language, ready to be drawn from. Every draw uses only the given generator."""

    phrasebook: Phrasebook

    @property
    def language(self) -> str:
        """ISO 639-1 code of the language."""
        return self.phrasebook.language

    def sentence(self, state: str, rng: random.Random) -> str:
        """Draw one sentence of `state`, sometimes with an opener or two clauses linked.

        Raises:
            UsageError: `state` is not one of `STATES`.
        """
        clause = self._fill(state, self._sentences[_known(state)], rng)
        if rng.random() < _OPENER_SHARE:
            clause = f"{rng.choice(self.phrasebook.openers)} {clause}"
        if rng.random() < _LINK_SHARE and not clause.endswith("?"):
            second = self._fill(state, self._sentences[state], rng)
            clause = f"{clause}{rng.choice(self.phrasebook.links)} {second}"
        return _as_sentence(clause)

    def message(self, state: str, rng: random.Random) -> str:
        """Draw one short message of `state`, about 3 to 8 words.

        Raises:
            UsageError: `state` is not one of `STATES`.
        """
        return _as_sentence(self._fill(state, self._messages[_known(state)], rng))

    def text(self, states: str | Sequence[str], n_words: int, rng: random.Random) -> str:
        """Draw sentences until the text has about `n_words` words.

        Args:
            states: One state or several; each sentence takes one of them at random, so a state that is
                named twice speaks twice as often.
            n_words: Words wanted. The text stays at or below, except where even the shortest of several
                first messages is longer.
            rng: The only source of chance.

        Raises:
            UsageError: A state is not one of `STATES`.
        """
        mix = (states,) if isinstance(states, str) else tuple(states)
        sentences = [self._fitting(rng.choice(mix), n_words, rng)]
        remaining = n_words - len(sentences[0].split())
        while len((found := self._fitting(rng.choice(mix), remaining, rng)).split()) <= remaining:
            sentences.append(found)
            remaining -= len(found.split())
        return " ".join(sentences)

    def _fitting(self, state: str, n_words: int, rng: random.Random) -> str:
        """Draw something of at most `n_words` words, or the shortest of several tries."""
        draws = (self.message,) if n_words <= _SHORT_WORDS else (self.sentence, self.message)
        shortest = draws[0](state, rng)
        for attempt in range(_TRIES):
            if len(shortest.split()) <= n_words:
                break
            drawn = draws[attempt * len(draws) // _TRIES](state, rng)
            shortest = min(shortest, drawn, key=lambda text: len(text.split()))
        return shortest

    def _fill(self, state: str, templates: Sequence[_Template], rng: random.Random) -> str:
        parts = rng.choice(templates)
        slots = self._slots[state]
        return "".join(rng.choice(slots[part]) if i % 2 else part for i, part in enumerate(parts))

    @cached_property
    def _slots(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        return {state: self.phrasebook.slots_of(state) for state in STATES}

    @cached_property
    def _sentences(self) -> Mapping[str, Sequence[_Template]]:
        return {name: _compiled(state.sentences) for name, state in self.phrasebook.states.items()}

    @cached_property
    def _messages(self) -> Mapping[str, Sequence[_Template]]:
        return {name: _compiled(state.short) for name, state in self.phrasebook.states.items()}


@lru_cache
def load_grammar(language: str) -> Grammar:
    """Load the phrase grammar of a language.

    Args:
        language: ISO 639-1 code, one of `LANGUAGES`.

    Raises:
        UsageError: There is no grammar for the language.
    """
    if language not in LANGUAGES:
        raise UsageError(f"no phrases for the language '{language}': {nearest(language, LANGUAGES)}")
    # Read as a resource: the package may lie inside an archive that is shipped to a cluster.
    source = files("mh_batch.datasets") / "phrases" / f"{language}.yaml"
    phrases = yaml.load(source.read_text(encoding="utf-8"), Loader=_LOADER)
    return Grammar(Phrasebook.model_validate(phrases))


def _known(state: str) -> str:
    if state not in STATES:
        raise UsageError(f"unknown state '{state}': {nearest(state, STATES)}")
    return state


def _compiled(templates: Sequence[str]) -> tuple[_Template, ...]:
    return tuple(tuple(_SLOT.split(template)) for template in templates)


def _as_sentence(clause: str) -> str:
    start = _FIRST_LETTER.sub(lambda letter: letter.group().upper(), clause, count=1)
    return start if start.endswith("?") else f"{start}."

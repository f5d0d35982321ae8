"""Looks for identifiers in what is no table: manifests, pages, texts of any kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# A shorter identifier, such as 12 or en, stands in many a file and means something else there.
MIN_SEARCH_LENGTH = 8
# Names of files that are not ours hold fewer words: what is no number tells more there.
_MIN_LENGTH_IN_NAMES = 4
_WORD = re.compile(rb"[\w@+-]{%d,}" % MIN_SEARCH_LENGTH)
_PART_OF_NAME = re.compile(r"[^\W_]++(?!://)")  # a scheme, as hdfs, is nobody's name
_ONE_WORD = r"^[0-9A-Za-z_@+-]*$"
_AROUND_PARTS = re.compile(r"^[\W_]+|[\W_]+$")
ERASED = "[erased]"


@dataclass(frozen=True)
class IdentifierSearch:
    """Identifiers that are looked for as whole words, in names of files as whole parts; too short ones are not.

    Attributes:
        identifiers: Plain identifiers and pseudonyms.
    """

    identifiers: frozenset[str] = field(repr=False)

    @cached_property
    def _searchable(self) -> frozenset[bytes]:
        return frozenset(id.encode() for id in self.identifiers if len(id) >= MIN_SEARCH_LENGTH)

    @cached_property
    def _spelled_otherwise(self) -> list[bytes]:
        return [id for id in self._searchable if not _WORD.fullmatch(id)]

    def found_in(self, content: bytes) -> bool:
        """Whether a file's bytes hold one of them."""
        words = (word[0] in self._searchable for word in _WORD.finditer(content))
        return any(words) or any(id in content for id in self._spelled_otherwise)

    def named_in(self, name: str, least: int = _MIN_LENGTH_IN_NAMES) -> frozenset[str]:
        """Return where the name of a file holds those of so many characters or more: `run_alice_2024` holds alice."""
        return frozenset(name[start:end] for start, end in self._spans(name, least))

    def _spans(self, name: str, least: int) -> Iterator[tuple[int, int]]:
        parts = list(_PART_OF_NAME.finditer(name))
        for first, last in combinations_with_replacement(parts, 2):
            start, end = first.start(), last.end()
            if self._searchable_in_names.get(name[start:end], 0) >= least:
                yield start, end
        for id in map(bytes.decode, self._spelled_otherwise):
            if len(id) >= least and id in name:
                yield from (found.span() for found in re.finditer(re.escape(id), name))

    @cached_property
    def _searchable_in_names(self) -> dict[str, int]:
        """Parts that are looked for in names, with the length of the identifier, which may begin with an @."""
        long = {id for id in self.identifiers if len(id) >= MIN_SEARCH_LENGTH}
        short = {id for id in self.identifiers if len(id) >= _MIN_LENGTH_IN_NAMES and any(map(str.isalpha, id))}
        return {_AROUND_PARTS.sub("", id): len(id) for id in sorted(long | short, key=len)}

    def those_in(self, content: bytes) -> frozenset[str]:
        """Return those that a file's bytes hold."""
        words = {word[0] for word in _WORD.finditer(content)} & self._searchable
        return frozenset(id.decode() for id in words.union(id for id in self._spelled_otherwise if id in content))

    def found_among(self, texts: pa.Array) -> bool:
        """Whether one of the strings of a column holds one of them; most columns hold one word in each."""
        if pc.any(pc.is_in(texts, value_set=self._values)).as_py():
            return True
        longer = texts.filter(pc.invert(pc.match_substring_regex(texts, _ONE_WORD)))
        return any(self.found_in(text.encode()) for text in pc.unique(longer).to_pylist())

    @cached_property
    def _values(self) -> pa.Array:
        return pa.array([id for id in self.identifiers if len(id) >= MIN_SEARCH_LENGTH], pa.string())

    def without(self, content: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
        """Return the content of a JSON file with `[erased]` in their place."""
        if isinstance(content, str):
            return self._replaced(content)
        if isinstance(content, list):
            return [self.without(entry) for entry in content]
        if isinstance(content, dict):
            return {key: self.without(value) for key, value in content.items()}
        return content

    def _replaced(self, text: str) -> str:
        cut, kept_from = "", 0
        for start, end in sorted(self._spans(text, _MIN_LENGTH_IN_NAMES)):
            if start >= kept_from:
                cut += text[kept_from:start] + ERASED
            kept_from = max(kept_from, end)
        return cut + text[kept_from:]


def search_for(*identifiers: Iterable[str]) -> IdentifierSearch:
    """Return a search for the identifiers of several collections."""
    return IdentifierSearch(frozenset().union(*identifiers))

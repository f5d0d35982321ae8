"""Places outside of the output root that runs are copied to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from mh_batch.common.filesystem import Folder
from mh_batch.errors import UsageError, nearest
from mh_batch.output import OutputRoot

_KINDS = ("delta",)

# In a location with other letters deltalake 1.6.6 or polars 2.1.0 does not find a table's files.
_OTHER_LETTERS = re.compile(r"[^A-Za-z0-9_/.,:;~()@!&+'-]")


@dataclass(frozen=True)
class Place:
    """A folder that holds one table for each kind of rows.

    Attributes:
        kind: The format of its tables.
        location: Absolute path or URI.
    """

    kind: str
    location: str

    @classmethod
    def named(cls, text: str) -> Place:
        """Return the place that `delta:PATH_OR_URI` names.

        Raises:
            UsageError: the kind is unknown, or the location is one that a reader trips over or that holds a secret.
        """
        kind, separator, location = text.partition(":")
        if not separator or not location or kind not in _KINDS:
            raise UsageError(f"'{text}' is no place to publish to, such as delta:PATH_OR_URI; {nearest(kind, _KINDS)}")
        parts = urlsplit(location) if "://" in location else None
        if parts and (parts.password or parts.query):
            raise UsageError(
                "the place to publish to is printed and logged: leave credentials out of it, and give them in the "
                "environment, as deltalake's documentation names them"
            )
        if parts is None or parts.scheme == "file":
            location = Folder.at(location).uri
        other = _OTHER_LETTERS.search(location)
        if other:
            raise UsageError(f"not all readers find a Delta table at a location with {other[0]!r}: name another folder")
        return cls(kind, location.rstrip("/"))

    def __str__(self) -> str:
        """The text that `Place.named` takes."""
        return f"{self.kind}:{self.location}"

    def table(self, name: str) -> str:
        """Return where the table of that name lies."""
        return f"{self.location}/{name}"

    def check_outside(self, root: OutputRoot) -> None:
        """Raise UsageError if it lies in an output root, where an erasure would look for rows that are not its own."""
        if f"{self.location}/".startswith(f"{root.folder.uri.rstrip('/')}/"):
            raise UsageError(f"{self.location} is a part of the output root: name a place outside of it")

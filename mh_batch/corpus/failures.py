"""Spark's errors that name a file which it failed to read."""

import re
from urllib.parse import unquote

_FAILED_FILE = re.compile(r"FAILED_READ_FILE\.(\w+)\].*?reading file '?(\S+?)'?\.?(?:\s|$)")


def as_rows_say(uri: str) -> str:
    """Spark names a local file differently when it lists it and when it reads it."""
    return re.sub("^file:/+", "file:/", uri)


def failed_file(error: Exception) -> tuple[str, bool] | None:
    """Return the URI of the file that Spark failed on, and whether it vanished; None if the error names none."""
    found = _FAILED_FILE.search(str(error))
    return (as_rows_say(found[2]), found[1] == "FILE_NOT_EXIST") if found else None


def location_of(uri: str) -> str:
    """A file's name without the marks of a URI."""
    return unquote(as_rows_say(uri))

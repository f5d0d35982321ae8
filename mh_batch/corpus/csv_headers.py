"""The columns of CSV files, by their first lines."""

import csv
import io
from collections.abc import Collection, Mapping

import pyarrow as pa

from mh_batch.common.filesystem import file_system_of
from mh_batch.errors import UsageError
from mh_batch.sources import BadFile, Input, SoundFile
from mh_batch.sources.kinds import FOLDER, Kind, Sort
from mh_batch.sources.survey import DAMAGED, VANISHED

# A CSV file has one string for what others have a list for: the words in it.
WORDS = Kind(Sort.STRINGS, "words")


def read_csv_header(uri: str, named: Input, lists: Collection[str]) -> SoundFile | BadFile:
    """Read the columns of a CSV file in its first line.

    Args:
        uri: The file's URI.
        named: The input.
        lists: Names of columns that hold a list, which in CSV is one string of words.

    Raises:
        UsageError: an option does not fit.
    """
    encoding = named.options.get("encoding", named.options.get("charset", "utf-8"))
    try:
        file_system, path = file_system_of(uri)
        with file_system.open_input_stream(path, compression="detect") as stream:
            lines = _lines(stream, encoding)
            first = _first_record(lines, named.options)
            "".join(first).encode()  # what could not be decoded cannot be encoded either
    except FileNotFoundError:
        return BadFile(uri, VANISHED)
    except PermissionError:
        return BadFile(uri, "it may not be read")
    except (UnicodeError, LookupError):
        return BadFile(uri, f"its first line is not in {encoding}: name its encoding with --option encoding=...")
    except (OSError, pa.ArrowException, csv.Error):
        return BadFile(uri, DAMAGED.replace("Parquet", "CSV"))
    if not first:
        return BadFile(uri, "it is empty: a CSV file begins with the names of its columns")
    if "\n" not in "".join(lines.newlines or "\n") and "lineSep" not in named.options:
        return BadFile(uri, "its lines end in CR alone: write it with LF")
    names = [name.strip() for name in first]
    kinds = {name: WORDS if name in lists else FOLDER for name in names}
    own = {name: position(number) for number, name in enumerate(names)}
    return SoundFile.without_footer(uri, names, kinds, own, has_names=False)


def _lines(stream: pa.NativeFile, encoding: str) -> io.TextIOWrapper:
    python = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    return io.TextIOWrapper(stream, python, errors="surrogateescape", newline="")


def _first_record(lines: io.TextIOWrapper, options: Mapping[str, str]) -> list[str]:
    separator, quote = _separator(options), options.get("quote", '"')
    if len(separator) != 1 or len(quote) != 1:
        raise UsageError("--option sep and quote are one character each for CSV")
    rows = csv.reader(lines, delimiter=separator, quotechar=quote)
    return next((row for row in rows if row), [])  # Spark, too, passes over lines without anything


def _separator(options: Mapping[str, str]) -> str:
    separator = options.get("sep", options.get("delimiter", ","))
    return "\t" if separator == "\\t" else separator


def position(number: int) -> str:
    """The name by which a column of CSV is read, whatever its file calls it."""
    return f"_c{number}"

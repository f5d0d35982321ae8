"""Lists of authors and documents, in Parquet or CSV: consent ledgers, erasures, contacts.

A row that is read wrongly wrongs somebody, and nobody would know: what can be meant in two ways is refused.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from mh_batch.common.filesystem import file_system_of
from mh_batch.errors import CorpusError
from mh_batch.sources.arrow_reading import read_columns
from mh_batch.sources.survey import BadFile, SoundFile, columns_named, survey

_IDS = ("author_id", "doc_id")
_PARQUET = (b"PAR1", b"PARE")
_HEADER_BYTES = 2**20

# White space at an end, or a line break: nobody sees it, and the corpus' id has none.
_NOT_AS_IT_LOOKS = r"^[\s\p{Z}\x{FEFF}]|[\s\p{Z}\x{FEFF}]$|[\r\n]"


@dataclass(frozen=True)
class ListFile:
    """A file of a list.

    Attributes:
        uri: Its name.
        wanted: The columns that may be read.
        names: All that it has.
        parquet: What its footer says; None of a CSV file.
    """

    uri: str
    wanted: Sequence[str]
    names: Sequence[str]
    parquet: SoundFile | None

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows in pieces: those of the wanted columns that it has. In CSV they are strings, or null if empty.

        Raises:
            CorpusError: it cannot be read; the message quotes nothing that is in it.
        """
        return self._csv() if self.parquet is None else read_columns(self.parquet, self.wanted)

    def _csv(self) -> Iterator[pa.Table]:
        present = [name for name in self.wanted if name in self.names]
        if not present:
            yield pa.table({})
            return
        # As text: 007 is another identifier than 7.
        convert = arrow_csv.ConvertOptions(
            include_columns=present,
            column_types=dict.fromkeys(present, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        )
        parse = arrow_csv.ParseOptions(newlines_in_values=True)
        file_system, path = file_system_of(self.uri)
        row = 1
        try:
            with file_system.open_input_stream(path) as stream:
                found = arrow_csv.open_csv(stream, parse_options=parse, convert_options=convert)
                yield found.schema.empty_table()
                for batch in found:
                    rows = pa.Table.from_batches([batch])
                    _check_ids(rows, row)
                    yield rows
                    row += len(rows)
        except (pa.ArrowException, OSError) as error:
            raise CorpusError(f"it cannot be read as CSV in UTF-8 ({type(error).__name__})") from None


def open_list(uri: str, wanted: Sequence[str]) -> ListFile:
    """Open a file of a list, which is CSV unless its name ends or its content begins as Parquet's.

    Args:
        uri: Path or URI.
        wanted: The columns that may be read.

    Raises:
        CorpusError: it cannot be read, or its columns are ambiguous.
    """
    if _is_parquet(uri):
        found = survey([uri], columns_named(wanted))[0]
        if isinstance(found, BadFile):
            raise CorpusError(found.cause)
        listed = ListFile(uri, wanted, [*found.names, *({*found.values} - {*found.names})], found)
    else:
        listed = ListFile(uri, wanted, _header(uri), None)
    _check_names(listed.names, wanted)
    return listed


def _is_parquet(uri: str) -> bool:
    return uri.lower().endswith(".parquet") or _beginning(uri, 4) in _PARQUET


def _beginning(uri: str, size: int) -> bytes:
    file_system, path = file_system_of(uri)
    try:
        with file_system.open_input_stream(path) as stream:
            found: bytes = stream.read(size)
            return found
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"it cannot be read ({type(error).__name__})") from None


def _header(uri: str) -> list[str]:
    text = _beginning(uri, _HEADER_BYTES).decode("utf-8-sig", errors="replace")
    try:
        names = next((row for row in csv.reader(io.StringIO(text, newline=None)) if row), [])
    except csv.Error:
        names = []
    if not names:
        raise CorpusError("it has no header")
    if any(mark in name for name in names for mark in "\0\ufffd"):
        raise CorpusError("it is not in UTF-8")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise CorpusError("its columns must be apart by commas")
    return names


def _check_names(names: Sequence[str], wanted: Collection[str]) -> None:
    for name, count in Counter(names).items():
        plain = name.strip().lower()
        if name in wanted and count > 1:
            raise CorpusError(f"it has more than one column '{name}'")
        if plain in wanted and name not in wanted:
            raise CorpusError(f"its column '{name}' would not be read as '{plain}': call it so, or something else")


def _check_ids(rows: pa.Table, first: int) -> None:
    for name in {*_IDS} & {*rows.column_names}:
        for row in pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(rows[name], _NOT_AS_IT_LOOKS), False)):
            raise CorpusError(
                f"in row {first + row.as_py()} '{name}' begins or ends with white space, or holds a line break, as "
                "where a quotation mark is left open; ids that the corpus has so can be given in Parquet"
            )

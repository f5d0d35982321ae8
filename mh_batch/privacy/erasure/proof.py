"""Proves an erasure: reads every byte of an output root, tables decompressed, and looks for what was erased."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.common.console import announce
from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.errors import ErasureError
from mh_batch.output import (
    MANIFEST,
    PublishedRun,
    copies_folder,
    files_of_others,
    journal_file,
    opened,
    own_files,
    row_groups,
)
from mh_batch.privacy.erasure.identifier_search import MIN_SEARCH_LENGTH, IdentifierSearch, search_for
from mh_batch.privacy.erasure.manifests import identifiers_in_settings
from mh_batch.privacy.erasure.subject_filter import Removal, SubjectFilter
from mh_batch.privacy.erasure.subject_rows import run_folders, table_files

_NAMED = 10
_PIECE_BYTES = 2**26
_OVERLAP_BYTES = 2**12


def prove_erased(root: Folder, subject_filter: SubjectFilter, search: IdentifierSearch) -> None:
    """Look for what was erased; tell where it stays, since files are not ours, or runs were set up so.

    Args:
        root: The output root.
        subject_filter: What rows of tables are looked at for.
        search: What every file, and every value of every table, is searched for.

    Raises:
        ErasureError: something was found; the message says where, not what.
    """
    in_settings = {run: identifiers_in_settings(run, search) for run in run_folders(root)}
    copies = {file: search.those_in(file.read_bytes()) for file in copies_folder(root).walk()}
    elsewhere = {place for file in files_of_others(root) for place in _places(file, search)}
    _announce_left("since they are not mh-batch's", elsewhere)
    _announce_left(
        "since they are settings of runs",
        (f"{(run / MANIFEST).uri} (settings)" for run in in_settings if in_settings[run]),
    )
    _announce_left("since they say where runs were copied to", (file.uri for file in copies if copies[file]))
    copied = {file: search_for(search.identifiers - copies[file]) for file in copies}
    searched = {**_searched(root, search, in_settings), **copied}
    found = {place for file, own in searched.items() for place in _places(file, own)}
    found.update(_rows(root, Removal(subject_filter, search)))
    if found:
        more = [f"  - and {len(found) - _NAMED:,} more"] if len(found) > _NAMED else []
        lines = [f"  - {place}" for place in sorted(found)[:_NAMED]]
        raise ErasureError(
            "something of what was to be erased is still there: delete these files, or take it out of them, and start "
            "the same erasure again; follow-ups and rotations wait for that:\n" + "\n".join(lines + more)
        )


def _announce_left(why: str, places: Iterable[str]) -> None:
    if named := sorted(places):
        announce(f"left as they are, {why}, although they name them: {', '.join(named)}")


def _searched(
    root: Folder, search: IdentifierSearch, in_settings: Mapping[Folder, frozenset[str]]
) -> Mapping[Folder, IdentifierSearch]:
    """Our files, and what each is searched for: manifests and pages quote the settings of their run."""
    searched = dict.fromkeys(own_files(root, unfinished=True), search)
    searched.pop(journal_file(root), None)
    for run in in_settings:
        for file in searched.keys() & {run / MANIFEST, PublishedRun(run).report_page}:
            searched[file] = search_for(search.identifiers - in_settings[run])
    return searched


def _rows(root: Folder, removal: Removal) -> Iterator[str]:
    for table in table_files(root):
        with opened(table.file) as file:
            if removal.concerns(file):
                yield f"{table.file.uri} (rows)"


def _places(file: Folder, search: IdentifierSearch) -> Iterator[str]:
    if search.named_in(file.name, MIN_SEARCH_LENGTH) or any(map(search.found_in, _pieces(file))):
        yield file.uri
    if file.uri.endswith(".parquet"):
        with opened(file) as table:
            yield from (f"{file.uri} (column {name})" for name in _columns(table, search))


def _pieces(file: Folder) -> Iterator[bytes]:
    """The bytes of a file in pieces that overlap."""
    file_system, path = file_system_of(file.uri)
    rest = b""
    with file_system.open_input_stream(path) as stream:
        while piece := stream.read(_PIECE_BYTES):
            yield rest + piece
            rest = piece[-_OVERLAP_BYTES:]


def _columns(file: pq.ParquetFile, search: IdentifierSearch) -> Iterator[str]:
    for rows in row_groups(file):
        for name in rows.column_names:
            if any(search.found_among(part) for part in _texts(rows[name].combine_chunks())):
                yield name


def _texts(values: pa.Array) -> Iterator[pa.Array]:
    """The strings in a column, those in lists and structures included."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_struct(values.type):
        for field in values.flatten():
            yield from _texts(field)
    elif pa.types.is_list(values.type) or pa.types.is_map(values.type):
        yield from _texts(values.flatten() if pa.types.is_list(values.type) else values.items)
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        yield values.cast(pa.string())
    elif pa.types.is_binary(values.type):
        yield pa.array([value and value.decode(errors="replace") for value in values.to_pylist()], pa.string())

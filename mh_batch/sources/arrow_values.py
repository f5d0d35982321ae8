"""Values of Arrow's columns as the strings that the corpus has for them, whatever type their writer chose."""

import pyarrow as pa

from mh_batch.errors import CorpusError

_UUID_PARTS = (8, 12, 16, 20)


def identifiers(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return identifiers, or words for groups, as strings: whole numbers in digits, UUIDs as they are written.

    Args:
        column: Of any type where it has no value.
        name: For a message.

    Raises:
        CorpusError: its type is none of identifiers. A fraction or a boolean has more than one way to be written.
    """
    plain = _plain(column)
    kind = plain.type
    if plain.null_count == len(plain):
        return pa.chunked_array([pa.nulls(len(plain), pa.string())])
    if isinstance(kind, pa.UuidType):
        return pa.chunked_array([_uuids(part) for part in plain.chunks], pa.string())
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return plain.cast(pa.string())
    if not _is_string(kind):
        raise CorpusError(f"column '{name}' is {kind}, expected string or integer or UUID")
    return _utf8(plain, name)


def texts(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return texts as strings; CorpusError if the column holds something else."""
    plain = _plain(column)
    if plain.null_count == len(plain):
        return pa.chunked_array([pa.nulls(len(plain), pa.string())])
    if not (_is_string(plain.type) or pa.types.is_binary(plain.type) or pa.types.is_large_binary(plain.type)):
        raise CorpusError(f"column '{name}' is {plain.type}, expected string or binary")
    return _utf8(plain, name)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def _is_string(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _utf8(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    try:
        found = column.cast(pa.string())
        found.validate(full=True)
    except pa.ArrowInvalid:  # its message quotes the value
        raise CorpusError(f"column '{name}' is not in UTF-8") from None
    return found


def _uuids(values: pa.ExtensionArray) -> pa.Array:
    return pa.array([value and _written(value.hex()) for value in values.storage.to_pylist()], pa.string())


def _written(digits: str) -> str:
    parts = zip((0, *_UUID_PARTS), (*_UUID_PARTS, len(digits)), strict=True)
    return "-".join(digits[start:end] for start, end in parts)

"""Files of one input with the same columns: each is read by its own, and what fits no document is told by name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import types as T

from mh_batch.contracts import load_contract
from mh_batch.corpus.columns import accepted
from mh_batch.errors import nearest
from mh_batch.sources import BadFile, SoundFile
from mh_batch.sources.kinds import FOLDER, NOTHING, Kind, Sort


@dataclass(frozen=True)
class Group:
    """Files with the same columns, under the names that the contract gives them.

    Attributes:
        files: The files.
        kinds: What their columns hold, those outside of the files included.
        in_files: The columns that Spark reads in the files, as these name them.
        outside: The columns whose values stand outside of the files, and how the corpus calls them.
    """

    files: Sequence[SoundFile]
    kinds: Mapping[str, Kind]
    in_files: Mapping[str, T.StructField]
    outside: Mapping[str, str]

    def has(self, column: str) -> bool:
        """Whether the files have a column."""
        return column in self.kinds


def group_files(
    files: Sequence[SoundFile], names: Mapping[str, str], columns: Mapping[str, str], lacking: Collection[str]
) -> tuple[list[Group], list[BadFile]]:
    """Put files together that have the same columns; one file's columns do not stand for another's.

    Args:
        files: The files.
        names: How they call the contract's columns.
        columns: Those of the names that were given.
        lacking: Codecs that cannot be read.

    Returns:
        The groups, and the files that cannot be read as documents.
    """
    misfits: list[BadFile] = []
    alike: dict[tuple[tuple[str, Kind, str | None], ...], list[SoundFile]] = {}
    for file in files:
        kinds = _kinds(file, names)
        problem = _misfit(file, kinds, names, columns, lacking)
        if problem is None:
            key = tuple((column, kind, file.own.get(names[column])) for column, kind in kinds.items())
            alike.setdefault(key, []).append(file)
        else:
            misfits.append(BadFile(file.uri, problem))
    return [_group(members, names) for members in alike.values()], misfits


def missing(column: str, columns: Mapping[str, str], file: SoundFile) -> str:
    """Say that a file has no column for one of the contract, and what it has.

    Args:
        column: The contract's column.
        columns: Contract name to the corpus' own name, where they differ.
        file: The file.
    """
    name, known = columns.get(column, column), [*file.names, *file.values]
    hint = nearest(name, known) if file.has_names else "its first line may be no header"
    if column in columns:
        return f"it has no column '{name}', given for '{column}': {hint}"
    return f"it has no column '{name}': {hint}; map it with --columns {column}=NAME"


def _kinds(file: SoundFile, names: Mapping[str, str]) -> dict[str, Kind]:
    """The columns that a file has for the contract's; one without values is none, whatever type its writer chose."""
    kinds: dict[str, Kind] = {}
    for column, name in names.items():
        if name in file.kinds:
            kind = file.kinds[name]
            kinds[column] = NOTHING if kind.sort not in accepted(column) and name in file.empty else kind
        elif name in file.values:
            kinds[column] = FOLDER
    return kinds


def _group(files: Sequence[SoundFile], names: Mapping[str, str]) -> Group:
    kinds = _kinds(files[0], names)
    in_files = {
        column: T.StructField(files[0].own[names[column]], kind.spark)
        for column, kind in kinds.items()
        if names[column] in files[0].kinds and kind.sort is not Sort.NOTHING
    }
    outside = {column: names[column] for column in kinds if names[column] not in files[0].kinds}
    return Group(files, kinds, in_files, outside)


def _misfit(
    file: SoundFile,
    kinds: Mapping[str, Kind],
    names: Mapping[str, str],
    columns: Mapping[str, str],
    lacking: Collection[str],
) -> str | None:
    """The cause that keeps a file from being read as documents."""
    repeated = file.repeated()
    for column in load_contract("documents").columns:
        name, kind = names[column.name], kinds.get(column.name)
        if name in repeated:
            return f"it has more than one column '{name}' ({column.name})"
        if kind is None:
            if not column.optional:
                return missing(column.name, columns, file)
        elif kind.sort is not Sort.NOTHING and kind.sort not in accepted(column.name):
            wanted = " or ".join(accepted(column.name))
            return f"column '{name}' ({column.name}) is {kind.name}, expected {wanted}"
    if file.codecs & set(lacking):
        codec = min(file.codecs & set(lacking))
        return f"it is compressed by {codec.lower()}, for which Spark has no code here: write it with zstd or snappy"
    return _same_but_for_case([file.own[names[column]] for column in kinds if names[column] in file.own])


def _same_but_for_case(names: Sequence[str]) -> str | None:
    """Spark can read columns that differ by case, but not both."""
    spelled: dict[str, str] = {}
    for name in names:
        other = spelled.setdefault(name.lower(), name)
        if name != other:
            return f"its columns '{other}' and '{name}' differ by case only, and Spark cannot read both: rename one"
    return None

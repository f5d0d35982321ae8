"""Tables by Spark's own reader: of its catalog (Hive, Unity, temporary views), or of any source it has code for."""

from collections.abc import Mapping

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.corpus.grouping import Group
from mh_batch.corpus.scanning import PATH
from mh_batch.errors import CorpusError
from mh_batch.sources import Input, SoundFile
from mh_batch.sources.inputs import TABLE
from mh_batch.sources.kinds import Kind
from mh_batch.sources.spark_types import kind_of

_CAUSES = {
    "TABLE_OR_VIEW_NOT_FOUND": "Spark's catalog has no such table",
    "SCHEMA_NOT_FOUND": "Spark's catalog has no such database",
    "DATA_SOURCE_NOT_FOUND": "Spark has no code for this format: name its package when you start it "
    "(spark-submit --packages ...)",
    "PARSE_SYNTAX_ERROR": "that is no name of a table",
    "PATH_NOT_FOUND": "there is no such file or folder",
}


def open_table(spark: SparkSession, named: Input) -> tuple[list[str], DataFrame]:
    """Open a table.

    Returns:
        The names of its columns; and the table, its columns called by their places, since two may have one name.

    Raises:
        CorpusError: Spark knows no such table or format.
    """
    try:
        if named.format == TABLE:
            table = spark.table(named.location)
        else:
            reader = spark.read.format(named.format).options(**named.options)
            table = reader.load(named.location) if named.location else reader.load()
        return table.columns, table.toDF(*map(_by_place, range(len(table.columns))))
    except (PySparkException, Py4JError) as error:
        # Options hold passwords, and Spark's message may quote them.
        cause = next((cause for sign, cause in _CAUSES.items() if sign in str(error)), type(error).__name__)
        raise CorpusError(f"{_name_of(named)} cannot be read: {cause}") from None


def as_file(named: Input, names: list[str], table: DataFrame) -> SoundFile:
    """Say what columns a table has, as for a file.

    Args:
        named: The input.
        names: Names of the table's columns.
        table: The table that `open_table` opened.
    """
    kinds: Mapping[str, Kind] = {
        name: kind_of(field.dataType) for name, field in zip(names, table.schema.fields, strict=True)
    }
    own = {name: _by_place(number) for number, name in enumerate(names)}
    return SoundFile.without_footer(_name_of(named), names, kinds, own)


def table_rows(table: DataFrame, group: Group, named: Input) -> DataFrame:
    """Return the columns of a table that `open_table` opened under the contract's names, and `PATH`.

    Args:
        table: The table that `open_table` opened.
        group: Its columns by the contract's names.
        named: The input.
    """
    columns = [F.col(field.name).alias(name) for name, field in group.in_files.items()]
    return table.select(*columns, F.lit(_name_of(named)).alias(PATH))


def _name_of(named: Input) -> str:
    return named.given or named.format


def _by_place(number: int) -> str:
    return f"_c{number}"

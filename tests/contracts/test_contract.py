from pathlib import Path

import pyarrow as pa
import pytest

from mh_batch.contracts import load_contract

SCHEMAS = Path(__file__).parents[2] / "schemas"
WITH_TEXTS = ["documents", "generated", "labelled", "prepared"]
FROM_WHO_KEEPS_NAMES = ["consent", "contacts"]
INPUT = [*WITH_TEXTS, *FROM_WHO_KEEPS_NAMES]
OUTPUT = [path.stem for path in SCHEMAS.glob("*.yaml") if path.stem not in INPUT]
TABLES = [*INPUT, *OUTPUT]


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_typed_and_described(table: str) -> None:
    contract = load_contract(table)
    assert contract.table == table
    assert all(column.description and column.arrow_type for column in contract.columns)
    assert len(set(contract.names)) == len(contract.names)


def test_labels_become_columns_in_their_place() -> None:
    names = load_contract("scores").for_labels(("calm", "sad")).names
    assert names[5:9] == ["region", "p_calm", "p_sad", "labels"]


def test_the_arrow_schema_says_type_and_nullability() -> None:
    schema = load_contract("scores").for_labels(("sad",)).arrow_schema()
    assert schema.field("p_sad") == pa.field("p_sad", pa.float64(), nullable=False)
    assert schema.field("created_at") == pa.field("created_at", pa.timestamp("us", tz="UTC"))
    assert schema.field("labels") == pa.field("labels", pa.list_(pa.string()), nullable=False)


def test_evidence_is_a_list_of_structures() -> None:
    document = [("doc_id", pa.string()), ("p", pa.float64()), ("created_at", pa.timestamp("us", tz="UTC"))]
    assert load_contract("outbox").arrow_schema().field("evidence").type == pa.list_(pa.struct(document))


def test_the_spark_schema_is_the_same_in_sparks_words() -> None:
    schema = load_contract("scores").for_labels(("sad",)).spark_schema()
    assert schema["p_sad"].dataType.simpleString() == "double"
    assert not schema["p_sad"].nullable
    assert schema["labels"].dataType.simpleString() == "array<string>"
    assert schema["created_at"].dataType.simpleString() == "timestamp"


def test_no_output_table_has_a_column_for_text_or_author() -> None:
    assert len(OUTPUT) >= 9
    for table in OUTPUT:
        assert not {"text", "author_id"} & set(load_contract(table).names)

"""Holds each document against the contract; gives it keys and a language, or a reason to reject it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from mh_batch.consent.deciding import Sayings, keep_out
from mh_batch.corpus.language import detect_language
from mh_batch.corpus.pseudonyms import hasher
from mh_batch.corpus.reasons import Reason
from mh_batch.distinct import map_distinct

if TYPE_CHECKING:
    from pyspark.sql._typing import UserDefinedFunctionLike

# Separators, controls and invisible format characters: a text of nothing else says nothing.
_BLANK = r"^[\s\p{Z}\p{Cc}\p{Cf}]*$"


def examine(
    corpus: DataFrame, key: bytes, languages: tuple[str, ...], max_text_chars: int, said: Sayings | None = None
) -> DataFrame:
    """Give each document its keys, its language and, if it cannot be used, a reason. The text stays behind.

    Args:
        corpus: The documents that `read_corpus` returns.
        key: Secret of the pseudonyms.
        languages: Languages that detection chooses among, ISO 639-1.
        max_text_chars: Longer texts are rejected.
        said: What a consent ledger says of research; None if there is no ledger.

    Returns:
        One row per document: `doc_id, author_key, created_at, language, source, region, content_key, n_chars, reason,
        detail, kept_out, place`. Duplicate ids are not yet found: that takes the whole corpus.
    """
    keyed = corpus.withColumn("author_key", _key_udf(key, "author")("author_id"))
    decided = keyed if said is None else keep_out(keyed, said)
    judged = decided.withColumn("reason", _reason(max_text_chars)).withColumn("doc_id", F.make_valid_utf8("doc_id"))
    admitted = F.when(F.col("reason").isNull(), F.col("text"))
    undeclared = F.when(F.col("language").isNull(), admitted)
    return judged.select(
        "doc_id",
        F.when(F.col("reason").isNull(), F.col("author_key")).alias("author_key"),
        "created_at",
        F.coalesce("language", _language_udf(languages)(undeclared)).alias("language"),
        "source",
        "region",
        _key_udf(key, "content")(admitted).alias("content_key"),
        F.length(admitted).cast("bigint").alias("n_chars"),
        "reason",
        _detail().alias("detail"),
        F.when(_lacks_consent(), F.col("kept_out")).alias("kept_out"),
        "place",
    )


def later_copies(examined: DataFrame) -> DataFrame:
    """Return the places of the admitted documents whose id an admitted document before them has (by file, then row)."""
    admitted = examined.where(F.col("reason").isNull()).select("doc_id", "place")
    # Ids that occur twice are few: only their documents are sorted.
    repeated = admitted.groupBy("doc_id").count().where("count > 1").select("doc_id")
    order = Window.partitionBy("doc_id").orderBy("place")
    copies = admitted.join(repeated, "doc_id", "left_semi").withColumn("number", F.row_number().over(order))
    return copies.where("number > 1").select("place")


def reject_copies(examined: DataFrame, copies: DataFrame) -> DataFrame:
    """Reject the documents at the places that `later_copies` found."""
    marked = examined.join(copies.withColumn("is_copy", F.lit(True)), "place", "left")
    reason = F.when(F.col("is_copy"), F.lit(Reason.DUPLICATE_DOC_ID.value)).otherwise(F.col("reason"))
    return marked.withColumn("reason", reason).drop("is_copy")


def _reason(max_text_chars: int) -> Column:
    text = F.col("text")
    # Consent comes first: what may not be used is not even looked at.
    rules: list[tuple[Column, Reason]] = [
        (F.col("doc_id").isNull(), Reason.NULL_DOC_ID),
        (~F.is_valid_utf8("doc_id"), Reason.UNDECODABLE_DOC_ID),
        (F.col("kept_out").isNotNull(), Reason.NO_CONSENT),
        (text.isNull(), Reason.NULL_TEXT),
        (~F.is_valid_utf8(text), Reason.UNDECODABLE_TEXT),
        (F.length(text) > max_text_chars, Reason.TEXT_TOO_LARGE),
        (text.contains("\0"), Reason.NUL_IN_TEXT),
        (text.rlike(_BLANK), Reason.EMPTY_TEXT),
        (F.col("bad_date"), Reason.INVALID_DATE),
    ]
    return F.coalesce(*[F.when(broken, F.lit(reason.value)) for broken, reason in rules])


def _detail() -> Column:
    place = F.concat(F.col("source_file"), F.lit(", row "), F.col("source_row").cast("string"))
    size = F.when(
        F.col("reason") == Reason.TEXT_TOO_LARGE.value,
        F.concat(F.length("text").cast("string"), F.lit(" characters")),
    )
    return F.concat_ws("; ", place, F.when(_lacks_consent(), F.col("kept_out")), size)


def _lacks_consent() -> Column:
    return F.col("reason") == Reason.NO_CONSENT.value


def _key_udf(key: bytes, purpose: Literal["author", "content"]) -> UserDefinedFunctionLike:
    return _per_value(lambda: hasher(key, purpose))


def _language_udf(languages: tuple[str, ...]) -> UserDefinedFunctionLike:
    return _per_value(lambda: lambda text: detect_language(text.decode(), languages))


def _per_value(make: Callable[[], Callable[[bytes], str]]) -> UserDefinedFunctionLike:
    """Return a function from UTF-8 to strings, made in the worker, as an Arrow UDF; null stays null."""

    def apply(values: pa.Array) -> pa.Array:
        return map_distinct(values, make())

    # pyspark's stubs ask for a function type; at run time it warns that the type hints of `apply` say the same.
    return arrow_udf(apply, "string")  # type: ignore[call-overload, no-any-return]

"""Holds each document against the contract; gives it keys and a language, or a reason to reject it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window, functions as F
from pyspark.sql.pandas.functions import arrow_udf

from mh_batch.common.arrow import map_distinct
from mh_batch.common.redaction import messages_withheld
from mh_batch.consent import ResearchConsent, keep_out
from mh_batch.corpus.corpus import UNLOCATED, Corpus
from mh_batch.corpus.language import identify_language
from mh_batch.corpus.reasons import RejectionReason
from mh_batch.pseudonyms import ErasureHashes, PseudonymKey, hasher

if TYPE_CHECKING:
    from pyspark.sql._typing import UserDefinedFunctionLike

# Separators, controls and invisible format characters: a text of nothing else says nothing.
_BLANK = r"^[\s\p{Z}\p{Cc}\p{Cf}]*$"

_NOBODY = ErasureHashes()


def examine(
    corpus: DataFrame,
    key: PseudonymKey,
    expected: tuple[str, ...],
    max_text_chars: int,
    consent: ResearchConsent | None = None,
    erased: ErasureHashes = _NOBODY,
) -> DataFrame:
    """Give each document its keys, its language and, if it cannot be used, a reason. The text stays behind.

    Args:
        corpus: The documents that `read_corpus` returns.
        key: Secret of the pseudonyms.
        expected: Languages that the texts are expected in, ISO 639-1: in doubt, detection takes one of them.
        max_text_chars: Longer texts are rejected.
        consent: What a consent ledger says of research; None if there is no ledger.
        erased: Whose documents are rejected without a trace of whose they are.

    Returns:
        One row per document: `doc_id, author_key, created_at, language, source, region, content_key, n_chars, reason,
        detail, place`. Duplicate ids are not yet found: that takes the whole corpus.
    """
    keyed = corpus.withColumn("author_key", _key_udf(key, "author")("author_id"))
    decided = keyed if consent is None else keep_out(keyed, consent)
    erased_or_reason = F.coalesce(_erased(key, erased), _reason(max_text_chars))
    judged = decided.withColumn("reason", erased_or_reason).withColumn("doc_id", F.make_valid_utf8("doc_id"))
    known = F.coalesce(F.col("reason") != RejectionReason.ERASED.value, F.lit(True))
    admitted = F.when(F.col("reason").isNull(), F.col("text"))
    undeclared = F.when(F.col("language").isNull(), admitted)
    return judged.select(
        F.when(known, F.col("doc_id")).alias("doc_id"),
        F.when(known, F.col("author_key")).alias("author_key"),
        "created_at",
        F.coalesce("language", _language_udf(expected)(undeclared)).alias("language"),
        "source",
        "region",
        _key_udf(key, "content")(admitted).alias("content_key"),
        F.length(admitted).cast("bigint").alias("n_chars"),
        "reason",
        F.when(known, _detail()).alias("detail"),
        "place",
    )


def texts_of(corpus: Corpus, wanted: DataFrame, key: PseudonymKey) -> DataFrame:
    """Return the texts of some documents: `content_key, text, n_chars`.

    Args:
        corpus: The corpus, which is read again.
        wanted: One admitted document for each text: `content_key, place, n_chars`.
        key: The secret that `examine` was given.
    """
    # Hashed rather than sorted: texts are large, and need not wait for each other.
    located = corpus.located.select("place", "text").join(wanted.hint("shuffle_hash"), "place")
    texts = located.select("content_key", "text", "n_chars")
    if corpus.unlocated is None:
        return texts
    # Where no position says which row it was, the text itself does: what vanished meanwhile is not found.
    valid = F.when(F.is_valid_utf8("text"), F.col("text"))
    keyed = corpus.unlocated.select(_key_udf(key, "content")(valid).alias("content_key"), "text")
    others = wanted.where(F.col("place") >= UNLOCATED).drop("place")
    found = keyed.join(others.hint("shuffle_hash"), "content_key").dropDuplicates(["content_key"])
    return texts.unionByName(found)


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
    reason = F.when(F.col("is_copy"), F.lit(RejectionReason.DUPLICATE_DOC_ID.value)).otherwise(F.col("reason"))
    return marked.withColumn("reason", reason).drop("is_copy")


def _reason(max_text_chars: int) -> Column:
    text = F.col("text")
    # Consent comes first: what may not be used is not even looked at.
    rules: list[tuple[Column, RejectionReason]] = [
        (F.col("malformed") == RejectionReason.MALFORMED_RECORD.value, RejectionReason.MALFORMED_RECORD),
        (F.col("doc_id").isNull(), RejectionReason.NULL_DOC_ID),
        (~F.is_valid_utf8("doc_id"), RejectionReason.UNDECODABLE_DOC_ID),
        (F.col("kept_out").isNotNull(), RejectionReason.NO_CONSENT),
        (text.isNull(), RejectionReason.NULL_TEXT),
        (~F.is_valid_utf8(text) | F.col("malformed").isNotNull(), RejectionReason.UNDECODABLE_TEXT),
        (F.length(text) > max_text_chars, RejectionReason.TEXT_TOO_LARGE),
        (text.contains("\0"), RejectionReason.NUL_IN_TEXT),
        (text.rlike(_BLANK), RejectionReason.EMPTY_TEXT),
        (F.col("bad_date"), RejectionReason.INVALID_DATE),
    ]
    return F.coalesce(*[F.when(broken, F.lit(reason.value)) for broken, reason in rules])


def _erased(key: PseudonymKey, erased: ErasureHashes) -> Column:
    """The reason of documents that were erased, by their own id or their author's; null for others."""
    rules = [
        (_erased_udf(key, "erased document", erased.documents)("doc_id"), erased.documents),
        (_erased_udf(key, "erased author", erased.authors)("author_id"), erased.authors),
    ]
    return F.coalesce(F.lit(None).cast("string"), *[column for column, hashes in rules if hashes])


def _detail() -> Column:
    row = F.coalesce(F.concat(F.lit(", row "), F.col("source_row").cast("string")), F.lit(""))
    place = F.concat(F.col("source_file"), row)
    size = F.when(
        F.col("reason") == RejectionReason.TEXT_TOO_LARGE.value,
        F.concat(F.length("text").cast("string"), F.lit(" characters")),
    )
    rule = F.when(F.col("reason") == RejectionReason.NO_CONSENT.value, F.col("kept_out"))
    return F.concat_ws("; ", place, size, rule)


def _key_udf(key: PseudonymKey, purpose: Literal["author", "content"]) -> UserDefinedFunctionLike:
    return _per_value(lambda: hasher(key, purpose))


def _erased_udf(
    key: PseudonymKey, purpose: Literal["erased author", "erased document"], hashes: frozenset[str]
) -> UserDefinedFunctionLike:
    """Return a function that gives `erased` for the identifiers that have one of the hashes, else null."""

    def erased_or_none() -> Callable[[bytes], str | None]:
        digest = hasher(key, purpose)
        return lambda id: RejectionReason.ERASED.value if digest(id) in hashes else None

    return _per_value(erased_or_none)


def _language_udf(expected: tuple[str, ...]) -> UserDefinedFunctionLike:
    return _per_value(lambda: lambda text: identify_language(text.decode(), expected))


def _per_value(make: Callable[[], Callable[[bytes], str | None]]) -> UserDefinedFunctionLike:
    """Return a function from UTF-8 to strings, made in the worker, as an Arrow UDF; null stays null."""
    # pyspark's stubs ask for a function type as well; given one, it warns that the function's type hints say the same.
    return arrow_udf(_of_arrays(make), "string")  # type: ignore[call-overload, no-any-return]  # as said above


def _of_arrays(make: Callable[[], Callable[[bytes], str | None]]) -> Callable[[pa.Array], pa.Array]:
    def apply(values: pa.Array) -> pa.Array:
        with messages_withheld():
            return map_distinct(values, make())

    return apply

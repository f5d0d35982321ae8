"""The corpus: inputs read as documents, admitted or rejected with a reason, their languages and keys."""

from typing import TYPE_CHECKING

from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.corpus.admission import (
        examine as examine,
        later_copies as later_copies,
        reject_copies as reject_copies,
        texts_of as texts_of,
    )
    from mh_batch.corpus.corpus import Corpus as Corpus
    from mh_batch.corpus.language import UNDETERMINED as UNDETERMINED, detect_language as detect_language
    from mh_batch.corpus.reading import read_corpus as read_corpus
    from mh_batch.corpus.reasons import RejectionReason as RejectionReason
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "admission": ["examine", "later_copies", "reject_copies", "texts_of"],
            "corpus": ["Corpus"],
            "language": ["UNDETERMINED", "detect_language"],
            "reading": ["read_corpus"],
            "reasons": ["RejectionReason"],
        },
    )

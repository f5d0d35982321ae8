"""Text in, probabilities out. Imports neither pyspark nor great_expectations.

Exports are imported on first use, so that tokenising needs no torch, which takes seconds to import.
"""

from typing import TYPE_CHECKING

from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.inference.batching import ScoredTexts as ScoredTexts
    from mh_batch.inference.error_types import release_memory as release_memory
    from mh_batch.inference.execution import (
        Execution as Execution,
        Precision as Precision,
        best_precision as best_precision,
        choose_execution as choose_execution,
    )
    from mh_batch.inference.scorer import Scorer as Scorer, TextScore as TextScore
    from mh_batch.inference.scorer_loading import load_scorer as load_scorer
    from mh_batch.inference.token_sequences import (
        Integers as Integers,
        TokenizedTexts as TokenizedTexts,
        TokenSequences as TokenSequences,
        offsets_of as offsets_of,
    )
    from mh_batch.inference.tokenization import TextTokenizer as TextTokenizer, load_tokenizer as load_tokenizer
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "batching": ["ScoredTexts"],
            "error_types": ["release_memory"],
            "execution": ["Execution", "Precision", "best_precision", "choose_execution"],
            "scorer": ["Scorer", "TextScore"],
            "scorer_loading": ["load_scorer"],
            "token_sequences": ["Integers", "TokenizedTexts", "TokenSequences", "offsets_of"],
            "tokenization": ["TextTokenizer", "load_tokenizer"],
        },
    )

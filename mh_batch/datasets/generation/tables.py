"""The tables that come out: texts with their provenance, and refusals without."""

from collections.abc import Iterable, Sequence
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.datasets.generation.admission import Refused, Taken
from mh_batch.datasets.generation.outcomes import Outcomes
from mh_batch.datasets.generation.recipe import GenerationRecipe
from mh_batch.datasets.lengths import length_band

_SOURCE = "generated"


def generated_table(taken: Sequence[Taken], recipe: GenerationRecipe, found: Outcomes) -> pa.Table:
    """Build the table `generated`, in the plan's order."""
    return _table("generated", (_row(one, recipe, found) for one in taken))


def refused_table(refused: Sequence[Refused]) -> pa.Table:
    """Build the table `refused`, in the plan's order."""
    return _table(
        "refused", ({"custom_id": r.answer.custom_id, "number": r.number, "reason": r.reason} for r in refused)
    )


def write_table(table: pa.Table, file: Folder) -> None:
    """Write a Parquet file, which appears under its name when it is complete."""
    content = BytesIO()
    pq.write_table(table, content)
    file.write_bytes(content.getvalue())


def _table(contract: str, rows: Iterable[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=load_contract(contract).arrow_schema())


def _row(taken: Taken, recipe: GenerationRecipe, found: Outcomes) -> dict[str, object]:
    request, answer, plan = taken.request, taken.answer, found.plan
    return {
        "doc_id": f"{plan.digest}-{request.number:06d}-{taken.number:03d}",
        "text": taken.text,
        "language": request.language,
        "state": request.state,
        "label": recipe.states[request.state].label,
        "category": request.category,
        "length_band": length_band(taken.words, recipe.bands),
        "age": request.age,
        "education": request.education,
        "formality": request.formality,
        "context": request.context,
        "source": _SOURCE,
        "provider": plan.provider,
        "model": answer.model,
        "prompt_hash": plan.prompt_hash(request),
        "custom_id": answer.custom_id,
        "batch_id": found.batches[answer.custom_id],
    }

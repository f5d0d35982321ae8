"""Results of a generation: texts with their provenance, refusals without, and a summary of counts and costs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch._version import __version__
from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.datasets.generation.answers import ModelAnswer, RefusedText, TakenText
from mh_batch.datasets.generation.cost import Cost, cost_of, load_prices
from mh_batch.datasets.generation.generation_folder import Outcomes
from mh_batch.datasets.generation.generation_plan import GenerationPlan, Request
from mh_batch.datasets.generation.generation_recipe import GenerationRecipe
from mh_batch.datasets.text_features import length_band

_SOURCE = "generated"

DIMENSIONS = ("language", "state", "category", "length_band")


def generated_table(taken: Sequence[TakenText], recipe: GenerationRecipe, found: Outcomes) -> pa.Table:
    """Build the table `generated`, in the plan's order.

    Args:
        taken: The texts.
        recipe: Gives labels and length bands.
        found: The answers that the texts are from.
    """
    return _table("generated", (_row(one, recipe, found) for one in taken))


def refused_table(refused: Sequence[RefusedText]) -> pa.Table:
    """Build the table `refused`, in the plan's order."""
    return _table(
        "refused", ({"custom_id": r.answer.custom_id, "number": r.number, "reason": r.reason} for r in refused)
    )


def write_parquet(table: pa.Table, file: Folder) -> None:
    """Write a Parquet file, which appears under its name when it is complete."""
    content = BytesIO()
    pq.write_table(table, content)
    file.write_bytes(content.getvalue())


def _table(contract: str, rows: Iterable[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=load_contract(contract).arrow_schema())


def _row(taken: TakenText, recipe: GenerationRecipe, found: Outcomes) -> dict[str, object]:
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


def spent(found: Outcomes) -> Cost:
    """Return what the answers have cost; requests that failed are not charged."""
    answers = found.answers.values()
    paid = [answer for answer in answers if answer.fate == "succeeded"]
    tokens_in, tokens_out = (sum(getattr(one, name) for one in paid) for name in ("input_tokens", "output_tokens"))
    return cost_of(found.plan, len(paid), tokens_in, tokens_out)


def summarise(found: Outcomes, seed: int, texts: pa.Table, refused: Sequence[RefusedText]) -> dict[str, Any]:
    """Return the summary: asked for and taken by each dimension, refused by reason, attempts by fate, tokens, cost.

    Args:
        found: What has become of the plan.
        seed: What the plan was drawn with.
        texts: The table `generated`.
        refused: The texts that were not taken.
    """
    plan, cost = found.plan, spent(found)
    return {
        "mh_batch": __version__,
        "provider": plan.provider,
        "model": plan.model if plan.provider == "anthropic" else None,
        "plan": plan.digest,
        "seed": seed,
        "requests": len(plan.requests),
        "attempts": dict(sorted(Counter(map(_fate, found.answers.values())).items())),
        "given_up": found.given_up(),
        "asked": sum(request.texts for request in plan.requests),
        "taken": texts.num_rows,
        "refused": dict(sorted(Counter(one.reason for one in refused).items())),
        "by": {name: _beside(_asked(plan, name), Counter(texts[name].to_pylist())) for name in DIMENSIONS},
        "tokens": {"input": cost.input_tokens, "output": cost.output_tokens},
        "dollars": cost.dollars,
        "prices_of": str(load_prices().read),
    }


def summary_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return the lines of a summary for people."""
    lines = [f"{summary['taken']:,} texts taken of {summary['asked']:,} asked for"]
    for dimension, counts in summary["by"].items():
        lines.append(f"  by {dimension.replace('_', ' ')} (asked for, taken)")
        lines += [f"    {name:<24}{row['asked']:>9,}{row['taken']:>9,}" for name, row in counts.items()]
    lines.append(f"  refused: {_listed(summary['refused'])}")
    lines.append(f"  requests: {summary['requests']:,}; attempts: {_listed(summary['attempts'])}")
    if summary["given_up"]:
        lines.append(f"  {summary['given_up']:,} requests failed and were given up")
    lines.append(f"  tokens: {summary['tokens']['input']:,} in, {summary['tokens']['output']:,} out; {_paid(summary)}")
    return lines


def _fate(answer: ModelAnswer) -> str:
    return f"{answer.fate} ({answer.error})" if answer.error else answer.fate


def _asked(plan: GenerationPlan, dimension: str) -> Counter[str]:
    asked: Counter[str] = Counter()
    for request in plan.requests:
        asked[_value(request, dimension)] += request.texts
    return asked


def _value(request: Request, dimension: str) -> str:
    return length_band(request.words[0], [request.words]) if dimension == "length_band" else getattr(request, dimension)


def _beside(asked: Counter[str], taken: Counter[str]) -> dict[str, dict[str, int]]:
    names = [*asked, *sorted(set(taken) - set(asked))]
    return {name: {"asked": asked[name], "taken": taken[name]} for name in names}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _paid(summary: Mapping[str, Any]) -> str:
    if summary["dollars"] is None:
        return "the model's price is not known"
    return f"{summary['dollars']:,.2f} US dollars at the prices of {summary['prices_of']}"

"""Counts of what was asked for and what was taken, refused and paid."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from mh_batch._version import __version__
from mh_batch.datasets.generation.admission import Refused
from mh_batch.datasets.generation.answers import Answer
from mh_batch.datasets.generation.cost import Cost, cost_of, load_prices
from mh_batch.datasets.generation.outcomes import Outcomes
from mh_batch.datasets.generation.plan import Plan, Request
from mh_batch.datasets.lengths import length_band

DIMENSIONS = ("language", "state", "category", "length_band")


def spent(found: Outcomes) -> Cost:
    """Return what the answers have cost; requests that failed are not charged."""
    answers = found.answers.values()
    paid = [answer for answer in answers if answer.fate == "succeeded"]
    tokens_in, tokens_out = (sum(getattr(one, name) for one in paid) for name in ("input_tokens", "output_tokens"))
    return cost_of(found.plan, len(paid), tokens_in, tokens_out)


def summarise(found: Outcomes, seed: int, texts: pa.Table, refused: Sequence[Refused]) -> dict[str, Any]:
    """Return the summary: asked for and taken by each dimension, refused by reason, attempts by fate, tokens, cost."""
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


def lines_of(summary: Mapping[str, Any]) -> list[str]:
    """Return what a person wants to read of a summary."""
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


def _fate(answer: Answer) -> str:
    return f"{answer.fate} ({answer.error})" if answer.error else answer.fate


def _asked(plan: Plan, dimension: str) -> Counter[str]:
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

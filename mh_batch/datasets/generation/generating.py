"""A generation from plan to tables. Whatever ends it, the same call goes on where it stopped."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mh_batch.common.filesystem import Folder
from mh_batch.datasets.generation.answers import RefusedText, TakenText, screen_answers
from mh_batch.datasets.generation.batch_ledger import BatchLedger
from mh_batch.datasets.generation.batches import collect, send, settle
from mh_batch.datasets.generation.cost import Cost, estimate
from mh_batch.datasets.generation.generation_folder import GenerationFolder, Outcomes, read_outcomes
from mh_batch.datasets.generation.generation_plan import GenerationPlan
from mh_batch.datasets.generation.generation_recipe import GenerationRecipe
from mh_batch.datasets.generation.generation_results import (
    generated_table,
    refused_table,
    spent,
    summarise,
    write_parquet,
)
from mh_batch.datasets.generation.providers import Provider
from mh_batch.errors import UsageError


def generate_texts(
    plan: GenerationPlan,
    recipe: GenerationRecipe,
    seed: int,
    output: Path,
    provider: Callable[[], Provider],
    max_cost: float | None = None,
) -> Mapping[str, Any]:
    """Carry out a plan and write `texts.parquet`, `refused.parquet` and `summary.json`; return the summary.

    Args:
        plan: What is asked.
        recipe: What the plan was drawn from.
        seed: What it was drawn with, for the summary.
        output: Folder of plan, ledger and raw answers; a finished one is written again without asking anybody.
        provider: Connects to who is asked; called only if there is something to ask.
        max_cost: US dollars that all of it may cost, by estimate where it is not yet known.

    Raises:
        BusyError: another process works in the folder.
        UsageError: the folder belongs to another plan, or the estimate is above `max_cost`.
        ProviderError: who is asked refused, or could not be reached.
    """
    folder = GenerationFolder(output)
    with folder.locked():
        ledger = BatchLedger(folder.ledger)
        ledger.check_plan(plan.digest)
        found = read_outcomes(plan, ledger, folder)
        if found.unanswered():
            _check_cost(spent(found), estimate(plan, found.unanswered()), max_cost)
            Folder.at(str(folder.plan)).write_bytes(plan.lines().encode())
            found = _ask(plan, provider(), ledger, folder, recipe.requests_per_batch)
        return _write(found, recipe, seed, folder)


def _check_cost(paid: Cost, ahead: Cost, max_cost: float | None) -> None:
    if max_cost is None:
        return
    if paid.dollars is None or ahead.dollars is None:
        raise UsageError("the model's price is not known, so --max-cost cannot be held")
    if paid.dollars + ahead.dollars > max_cost:
        raise UsageError(
            f"this would cost about {paid.dollars + ahead.dollars:,.2f} US dollars, {paid.dollars:,.2f} of them spent, "
            f"more than --max-cost {max_cost:g}: ask for fewer texts (--texts-per-language), or raise it"
        )


def _ask(
    plan: GenerationPlan, provider: Provider, ledger: BatchLedger, folder: GenerationFolder, size: int
) -> Outcomes:
    for submission in ledger.at("intended"):
        settle(plan, provider, ledger, submission)
    while True:
        found = read_outcomes(plan, ledger, folder)
        to_ask = found.to_ask()
        for start in range(0, len(to_ask), size):
            send(plan, provider, ledger, to_ask[start : start + size])
        if not ledger.at("accepted"):
            return found
        collect(plan, provider, ledger, folder)


def _write(found: Outcomes, recipe: GenerationRecipe, seed: int, folder: GenerationFolder) -> Mapping[str, Any]:
    judged = list(screen_answers(found.succeeded(), recipe.longest_text_words, tuple(recipe.languages)))
    taken = [one for one in judged if isinstance(one, TakenText)]
    refused = [one for one in judged if isinstance(one, RefusedText)]
    texts = generated_table(taken, recipe, found)
    write_parquet(texts, Folder.at(str(folder.texts)))
    write_parquet(refused_table(refused), Folder.at(str(folder.refused)))
    summary = summarise(found, seed, texts, refused)
    Folder.at(str(folder.summary)).write_json(summary)
    return summary

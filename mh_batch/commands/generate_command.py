"""`mh-batch generate`: labelled texts written by a recipe, after what they will cost."""

from typing import TYPE_CHECKING

from mh_batch.commands.base import Command
from mh_batch.common.console import announce
from mh_batch.errors import ProviderError
from mh_batch.settings import GenerateSettings

if TYPE_CHECKING:
    from mh_batch.datasets.generation import GenerationPlan, GenerationRecipe
    from mh_batch.datasets.generation.providers import Provider


def _run(settings: GenerateSettings) -> int:
    from mh_batch.datasets.generation import (
        check_temperature,
        draw_plan,
        estimate,
        generate_texts,
        load_generation_recipe,
        summary_lines,
    )

    recipe = load_generation_recipe(settings.recipe)
    plan = draw_plan(recipe, settings.seed, settings.provider, settings.texts_per_language)
    check_temperature(plan)
    expected = estimate(plan, plan.requests)
    texts = sum(request.texts for request in plan.requests)
    said = f"plan {plan.digest}: {texts:,} texts; estimate: {expected}"
    if settings.dry_run:
        print(said)
        return 0
    announce(said)
    summary = generate_texts(
        plan, recipe, settings.seed, settings.output, lambda: _provider(settings, recipe, plan), settings.max_cost
    )
    print("\n".join(summary_lines(summary)))
    print(f"  texts, refusals and summary: {settings.output}")
    if not summary["taken"]:
        raise ProviderError("no text came of it: see what was refused and what failed, and check model and recipe")
    return 0


def _provider(settings: GenerateSettings, recipe: "GenerationRecipe", plan: "GenerationPlan") -> "Provider":
    if settings.provider == "template":
        from mh_batch.datasets.generation.providers.template import TemplateProvider

        return TemplateProvider({name: state.outlook for name, state in recipe.states.items()})
    from mh_batch.datasets.generation.providers.anthropic_batches import AnthropicProvider

    return AnthropicProvider(plan, settings.base_url, settings.poll_seconds, settings.settle_seconds)


COMMAND = Command("generate", GenerateSettings, _run, "write labelled texts by a recipe, to train on")

import pytest

from mh_batch.datasets.generation import check_temperature, draw_plan, estimate, load_generation_recipe
from mh_batch.datasets.generation.cost import cost_of
from mh_batch.errors import RecipeError

RECIPE = load_generation_recipe()
PLAN = draw_plan(RECIPE, 42, "anthropic")


def test_batches_cost_half_the_published_price() -> None:
    # 1.50 and 7.50 dollars a million tokens, as the API's guide to batches says of Sonnet 4.6.
    assert cost_of(PLAN, 1, 1_000_000, 0).dollars == pytest.approx(1.5)
    assert cost_of(PLAN, 1, 0, 1_000_000).dollars == pytest.approx(7.5)


def test_an_estimate_grows_with_what_is_asked() -> None:
    whole, half = estimate(PLAN, PLAN.requests), estimate(PLAN, PLAN.requests[::2])
    assert whole.requests == 3000
    assert whole.dollars is not None
    assert half.dollars == pytest.approx(whole.dollars / 2, rel=0.05)
    # 36,000 texts of 28.65 words, weighed by band shares; a word of these languages is one to two tokens and a bit.
    words = 6 * (1200 * 5.5 + 600 * 12 + 2400 * 25.5 + 1200 * 48 + 600 * 75.5)
    assert 1.2 * words < whole.output_tokens < 2.5 * words


def test_templates_cost_nothing_and_an_unknown_model_has_no_price() -> None:
    assert estimate(draw_plan(RECIPE, 42, "template", 60), PLAN.requests).dollars == 0
    unknown = draw_plan(RECIPE.model_copy(update={"model": "claude-none"}), 42, "anthropic", 60)
    assert estimate(unknown, unknown.requests).dollars is None
    assert "price not known" in str(estimate(unknown, unknown.requests))


def test_a_temperature_for_a_model_that_takes_none_is_refused_before_anything_is_sent() -> None:
    check_temperature(PLAN)
    newer = RECIPE.model_copy(update={"model": "claude-sonnet-5-5"})
    with pytest.raises(RecipeError, match="takes no temperature: put `temperature: null`"):
        check_temperature(draw_plan(newer, 42, "anthropic", 60))
    check_temperature(draw_plan(newer.model_copy(update={"temperature": None}), 42, "anthropic", 60))

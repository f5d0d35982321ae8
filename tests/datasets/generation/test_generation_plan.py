import os
import re
import subprocess
import sys
from collections import Counter

from mh_batch.datasets.generation import draw_plan, load_generation_recipe
from mh_batch.datasets.generation.generation_plan import parse_custom_id

RECIPE = load_generation_recipe()
PLAN = draw_plan(RECIPE, 42, "anthropic")


def test_the_shipped_recipe_asks_for_6000_texts_a_language_in_ten_prompts_a_cell() -> None:
    cells = Counter((one.language, one.state, one.category, one.words) for one in PLAN.requests)
    assert len(cells) == 6 * 2 * 5 * 5
    assert set(cells.values()) == {10}
    texts: Counter[str] = Counter()
    bands: Counter[tuple[int, int]] = Counter()
    for one in PLAN.requests:
        texts[one.language] += one.texts
        bands[one.words] += one.texts
    assert set(texts.values()) == {6000}
    assert dict(bands) == {(3, 8): 7200, (9, 15): 3600, (16, 35): 14400, (36, 60): 7200, (61, 90): 3600}


def test_the_same_seed_gives_the_same_plan_byte_for_byte_in_another_process() -> None:
    code = (
        "import sys; from mh_batch.datasets.generation import draw_plan, load_generation_recipe;"
        "sys.stdout.buffer.write(draw_plan(load_generation_recipe(), 42, 'anthropic', 60).lines().encode())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert printed.stdout.decode() == draw_plan(RECIPE, 42, "anthropic", 60).lines()


def test_another_seed_model_or_provider_is_another_plan() -> None:
    others = [
        draw_plan(RECIPE, 43, "anthropic"),
        draw_plan(RECIPE, 42, "template"),
        draw_plan(RECIPE, 42, "anthropic", 5999),
        draw_plan(RECIPE.model_copy(update={"model": "claude-haiku-4-5"}), 42, "anthropic"),
        draw_plan(RECIPE.model_copy(update={"temperature": 0.7}), 42, "anthropic"),
    ]
    assert len({PLAN.digest, *(plan.digest for plan in others)}) == 6


def test_any_number_of_texts_is_asked_for_exactly() -> None:
    for number in (1, 7, 10, 99, 1234):
        plan = draw_plan(RECIPE, 1, "anthropic", number)
        assert sum(one.texts for one in plan.requests) == 6 * number
        assert min(one.texts for one in plan.requests) >= 1
        assert [one.number for one in plan.requests] == list(range(len(plan.requests)))


def test_custom_ids_satisfy_the_api_and_lead_back_to_the_request() -> None:
    ids = [PLAN.custom_id(one.number, attempt) for one in PLAN.requests for attempt in (0, 2)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one) and PLAN.digest in one for one in ids)
    assert parse_custom_id(PLAN.custom_id(1234, 2)) == (1234, 2)


def test_each_prompt_draws_nine_different_testimonials_and_one_writer() -> None:
    for one in PLAN.requests[::97]:
        heard = re.findall(r'^- "(.+)"$', one.prompt, re.MULTILINE)
        assert len(set(heard)) == 9
        assert set(heard) <= set(RECIPE.testimonials[one.language][one.state])
        for asked in (one.age, one.education, one.formality, one.context, one.category, f"{one.texts} texts"):
            assert asked in one.prompt
    drawn = {(one.age, one.education, one.formality, one.context) for one in PLAN.requests}
    assert len(drawn) > 800  # of 875 that are possible, in 3,000 draws


def test_healthy_and_unhealthy_writers_see_the_same_category_from_two_sides() -> None:
    for one in PLAN.requests[::53]:
        category = RECIPE.categories[one.category]
        sides = {"healthy": category.positive, "unhealthy": category.negative}
        assert sides.pop(one.state).strip() in one.prompt
        assert not any(side.strip() in one.prompt for side in sides.values())

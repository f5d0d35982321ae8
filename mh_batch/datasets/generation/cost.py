"""Costs: an estimate for a plan, and those of its answers. Prices are in `prices.yaml`, with source and date."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from mh_batch.datasets.generation.generation_plan import GenerationPlan, Request
from mh_batch.errors import RecipeError

_MILLION = 1_000_000


class Price(BaseModel):
    """US dollars per million tokens at the standard rate, and whether the model takes a temperature."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float
    output: float
    takes_temperature: bool


class Prices(BaseModel):
    """Prices of models, and the assumptions of an estimate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    read: object
    source: str
    batch_share: float
    models: dict[str, Price]
    characters_per_input_token: float
    output_tokens_per_word: float
    output_tokens_per_text: float


@dataclass(frozen=True)
class Cost:
    """Tokens, and US dollars; None where the model's price is not known."""

    requests: int
    input_tokens: int
    output_tokens: int
    dollars: float | None

    def __str__(self) -> str:
        """One line for a message."""
        dollars = "price not known" if self.dollars is None else f"{self.dollars:,.2f} US dollars"
        return f"{self.requests:,} requests, {self.input_tokens:,} tokens in, {self.output_tokens:,} out, {dollars}"


@cache
def load_prices() -> Prices:
    """Load the prices that ship."""
    file = files("mh_batch.datasets.generation") / "prices.yaml"
    return Prices.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def estimate(plan: GenerationPlan, requests: Iterable[Request]) -> Cost:
    """Estimate what these requests will cost: prompts by their characters, answers by the words asked for."""
    prices, asked = load_prices(), list(requests)
    characters = sum(len(plan.system) + len(request.prompt) for request in asked)
    words = sum(request.texts * sum(request.words) / 2 for request in asked)
    texts = sum(request.texts for request in asked)
    tokens_out = words * prices.output_tokens_per_word + texts * prices.output_tokens_per_text
    return cost_of(plan, len(asked), round(characters / prices.characters_per_input_token), round(tokens_out))


def cost_of(plan: GenerationPlan, requests: int, input_tokens: int, output_tokens: int) -> Cost:
    """Return what so many tokens cost in batches of the plan's model; templates cost nothing.

    Args:
        plan: Names provider and model.
        requests: Number of requests, which the cost repeats.
        input_tokens: Tokens of the prompts.
        output_tokens: Tokens of the answers.
    """
    if plan.provider == "template":
        return Cost(requests, 0, 0, 0.0)
    prices = load_prices()
    price = prices.models.get(plan.model)
    if price is None:
        return Cost(requests, input_tokens, output_tokens, None)
    dollars = (input_tokens * price.input + output_tokens * price.output) / _MILLION * prices.batch_share
    return Cost(requests, input_tokens, output_tokens, dollars)


def check_temperature(plan: GenerationPlan) -> None:
    """Raise RecipeError if the plan's model is known to refuse every request that names a temperature."""
    price = load_prices().models.get(plan.model)
    if plan.temperature is not None and price and not price.takes_temperature:
        raise RecipeError(f"{plan.model} takes no temperature: put `temperature: null` into the recipe")

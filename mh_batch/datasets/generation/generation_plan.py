"""All requests of a run, drawn by seed: the same recipe and seed give the same plan, byte for byte."""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from string import Template

from mh_batch.datasets.generation.generation_recipe import GenerationRecipe
from mh_batch.datasets.text_features import Band, counts_by_share

_DIGEST_LETTERS = 16


@dataclass(frozen=True)
class Request:
    """One prompt and what it asks for.

    Attributes:
        number: Its place in the plan, from 0.
        texts: How many texts it asks for.
        words: Fewest and most words of each.
    """

    number: int
    language: str
    state: str
    category: str
    words: Band
    texts: int
    age: str
    education: str
    formality: str
    context: str
    prompt: str


@dataclass(frozen=True)
class GenerationPlan:
    """All requests to one provider and model.

    Attributes:
        digest: Tells plans apart; it is part of each `custom_id`.
    """

    provider: str
    model: str
    temperature: float | None
    max_tokens: int
    system: str
    requests: tuple[Request, ...]
    digest: str

    def custom_id(self, number: int, attempt: int) -> str:
        """Name the attempt (from 0) at a request; matches `^[a-zA-Z0-9_-]{1,64}$`, as the API demands."""
        return f"{self.digest}-{number:06d}-{attempt}"

    def prompt_hash(self, request: Request) -> str:
        """Return a hash of all that the model is given: its name, parameters, system prompt and prompt."""
        decisive = [self.model, self.temperature, self.max_tokens, self.system, request.prompt]
        return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:_DIGEST_LETTERS]

    def lines(self) -> str:
        """Return the plan as JSON lines: one for what all requests share, and one for each of them."""
        shared = {name: value for name, value in vars(self).items() if name != "requests"}
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in [shared, *map(asdict, self.requests)]) + "\n"


def parse_custom_id(custom_id: str) -> tuple[int, int]:
    """Return number and attempt of a `custom_id` of ours."""
    number, attempt = custom_id.split("-")[1:]
    return int(number), int(attempt)


def draw_plan(
    recipe: GenerationRecipe, seed: int, provider: str, texts_per_language: int | None = None
) -> GenerationPlan:
    """Draw all requests.

    Args:
        recipe: What to ask for.
        seed: Seed of every draw.
        provider: Who is asked; plans for different ones are different plans.
        texts_per_language: In place of the recipe's.
    """
    total = texts_per_language or recipe.texts_per_language
    requests = tuple(_requests(recipe, seed, total))
    shared = [provider, recipe.model, recipe.temperature, recipe.max_tokens, recipe.system]
    decisive = json.dumps([*shared, *map(asdict, requests)]).encode()
    digest = hashlib.sha256(decisive).hexdigest()[:_DIGEST_LETTERS]
    return GenerationPlan(
        provider, recipe.model, recipe.temperature, recipe.max_tokens, recipe.system, requests, digest
    )


def _requests(recipe: GenerationRecipe, seed: int, total: int) -> Iterator[Request]:
    number = 0
    for language in recipe.languages:
        for state, category, band, texts in _cells(recipe, total):
            # A generator for each cell: what is drawn for one does not depend on the others.
            rng = random.Random(f"{seed}/{language}/{state}/{category}/{band}")
            for share in _divided(texts, min(texts, recipe.prompts_per_cell)):
                yield _request(recipe, number, (language, state, category), band, share, rng)
                number += 1


def _cells(recipe: GenerationRecipe, total: int) -> Iterator[tuple[str, str, Band, int]]:
    kinds = list(product(recipe.states, recipe.categories))
    for (state, category), texts in zip(kinds, _divided(total, len(kinds)), strict=True):
        for band, count in zip(recipe.bands, counts_by_share(texts, recipe.shares), strict=True):
            yield state, category, band, count


def _divided(total: int, parts: int) -> list[int]:
    return counts_by_share(total, [1 / parts] * parts) if parts else []


def _request(
    recipe: GenerationRecipe, number: int, kind: tuple[str, str, str], band: Band, texts: int, rng: random.Random
) -> Request:
    language, state, category = kind
    drawn = {name: rng.choice(values) for name, values in recipe.characteristics}
    heard = rng.sample(recipe.testimonials[language][state], recipe.testimonials_per_prompt)
    prompt = Template(recipe.prompt).substitute(
        drawn,
        texts=texts,
        language=recipe.languages[language],
        shortest=band[0],
        longest=band[1],
        state_description=recipe.states[state].description,
        category=category,
        category_description=recipe.categories[category].seen(recipe.states[state].outlook),
        testimonials=_listed(heard),
    )
    return Request(number, language, state, category, band, texts, **drawn, prompt=prompt)


def _listed(testimonials: Sequence[str]) -> str:
    return "\n".join(f'- "{testimonial}"' for testimonial in testimonials)

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mh_batch.cli import main
from tests.datasets.generation.played_api import PlayedApi, playing

SMALL_RECIPE = """
languages: {en: English, de: German}
categories:
  Self-Worth: {positive: sees own worth, negative: feels worthless}
texts_per_language: 24
prompts_per_cell: 1
requests_per_batch: 7
"""
# Two languages, two states, one category, five bands, one prompt each.
REQUESTS = 20

Rows = list[dict[str, object]]


@pytest.fixture
def api() -> Iterator[PlayedApi]:
    with playing() as api:
        yield api


@pytest.fixture
def arguments(tmp_path: Path) -> Callable[[PlayedApi], list[str]]:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(SMALL_RECIPE)

    def of(api: PlayedApi) -> list[str]:
        return [
            *("generate", "--provider", "anthropic", "--recipe", str(recipe), "--output", str(tmp_path / "out")),
            *("--base-url", api.base_url, "--poll-seconds", "0.02", "--settle-seconds", "0.1"),
        ]

    return of


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key-of-the-tests")
    for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out"


def rows(output: Path, without: tuple[str, ...] = ("batch_id", "custom_id")) -> Rows:
    """The texts of a run, without what a second attempt or another order of batches may change."""
    table = pq.ParquetFile(output / "texts.parquet").read()
    return [{name: value for name, value in row.items() if name not in without} for row in table.to_pylist()]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What the small recipe gives when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "recipe.yaml").write_text(SMALL_RECIPE)
    with pytest.MonkeyPatch.context() as patched, playing() as api:
        patched.setenv("ANTHROPIC_API_KEY", "a-key-of-the-tests")
        flags = ["--recipe", str(folder / "recipe.yaml"), "--base-url", api.base_url, "--poll-seconds", "0.02"]
        assert main(["generate", "--provider", "anthropic", "--output", str(folder / "out"), *flags]) == 0
    return rows(folder / "out")

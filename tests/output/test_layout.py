from datetime import UTC, datetime
from pathlib import Path

import pytest

from mh_batch.errors import RunNotFoundError
from mh_batch.output import OutputRoot, new_run_id


@pytest.fixture
def root(tmp_path: Path) -> OutputRoot:
    for name, state in (("20260101", "runs"), ("20260102", "runs"), ("20260104", "failed")):
        folder = tmp_path / state / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text('{"run_id": "' + name + '"}')
    (tmp_path / "runs" / "20260103").mkdir()
    return OutputRoot.at(str(tmp_path))


def test_run_ids_sort_by_time_and_never_meet() -> None:
    moment = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
    ids = {new_run_id(moment) for _ in range(100)}
    assert len(ids) == 100
    assert all(run_id.startswith("20260301T040506Z-") for run_id in ids)


def test_a_run_exists_when_its_manifest_does(root: OutputRoot) -> None:
    assert root.published() == ["20260101", "20260102"]
    assert root.resolve("latest") == "20260102"
    assert root.manifest("20260101") == {"run_id": "20260101"}


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("20260103", "no published run '20260103'"),
        ("20260104", "did not pass validation; see .*failed/20260104"),
        ("2026010", "did you mean '2026010"),
    ],
)
def test_a_run_that_is_not_published_is_not_opened(root: OutputRoot, run: str, message: str) -> None:
    with pytest.raises(RunNotFoundError, match=message):
        root.resolve(run)


def test_an_empty_root_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="holds no published run"):
        OutputRoot.at(str(tmp_path)).resolve("latest")

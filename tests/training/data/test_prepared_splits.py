from pathlib import Path

import pytest

from mh_batch.errors import UsageError
from mh_batch.training.training_recipe import Stage
from tests.training.small_trainings import plan, recipe, run


def test_a_folder_that_holds_no_prepared_data_is_refused(tmp_path: Path) -> None:
    made = plan(recipe(Stage(name="states")), {"states": tmp_path}, tmp_path / "work")
    with pytest.raises(UsageError, match="mh-batch prepare"):
        run(made, tmp_path / "tiny")

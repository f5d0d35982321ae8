"""What a training must not see."""

from pathlib import Path

from mh_batch.datasets.text_features import comparable
from mh_batch.training.data.prepared_splits import held_out_texts, open_prepared
from mh_batch.training.data.training_texts import gather_texts
from mh_batch.training.training_recipe import Stage
from tests.training.small_trainings import FAST, independent, one_label


def test_no_text_that_a_later_stage_is_measured_on_is_learned_from(tmp_path: Path) -> None:
    emotions, states = open_prepared(one_label(tmp_path / "emotions")), open_prepared(independent(tmp_path / "states"))
    stage = Stage(name="emotions", epochs=1, **FAST)
    held = held_out_texts([(emotions, stage), (states, stage)])
    learned = gather_texts(emotions, stage, None, (), has_teacher=False, held_out=held)
    measured = {comparable(text) for text in states.rows("test")["text"]}
    assert measured & {comparable(text) for text in emotions.rows("train")["text"]}
    assert not measured & {comparable(text) for text in learned.texts}
    assert len(learned.targets) == len(learned.texts) == learned.n_prepared

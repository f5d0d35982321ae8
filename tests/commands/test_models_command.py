import pytest

from tests.commands.running import XLMR, run


def test_models_lists_the_cards_and_shows_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "models")
    assert code == 0
    assert f"{XLMR} " in out
    assert "shipped with mh-batch" in out
    code, out, _ = run(capsys, "models", "xlmr-depression")
    assert code == 0
    assert "malexandersalazar/xlm-roberta-base-cls-depression" in out

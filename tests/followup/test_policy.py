from pathlib import Path

import pytest
import yaml

from mh_batch.cli import main
from mh_batch.errors import SettingsError
from mh_batch.followup import load_policy
from mh_batch.followup.policy import example_policy
from mh_batch.models import locate_model

RULE = {
    **{"name": "r", "model": "m", "label": "l", "threshold": 0.9, "documents": 2, "within_days": 3},
    **{"cool_down_days": 3, "scope": "self_help", "action": "a"},
}


def written(folder: Path, *rules: dict[str, object]) -> Path:
    file = folder / "policy.yaml"
    file.write_text(yaml.safe_dump({"name": "p", "rules": list(rules)}))
    return file


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"treshold": 0.9}, "rules.0.treshold: there is no such field; did you mean 'threshold'?"),
        ({"threshold": 1.2}, "rules.0.threshold: Input should be less than or equal to 1"),
        ({"documents": 0}, "rules.0.documents: Input should be greater than or equal to 1"),
        (
            {"scope": "research"},
            "rules.0.scope: Input should be 'self_help', 'notify_therapist' or 'emergency_contact'",
        ),
        ({"cool_down_days": 2}, "rules.0: cool_down_days is 2 and within_days 3: a document would count twice; set"),
        ({"scope": "emergency_contact", "evidence_in": ["smtp"]}, "take smtp out of evidence_in"),
        ({"country": "Germany"}, "rules.0.country"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_policy(written(tmp_path, {**RULE, **changes}))
    assert message in str(caught.value)
    assert "policy.yaml" in str(caught.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    rule = {name: value for name, value in RULE.items() if name != "action"}
    with pytest.raises(SettingsError, match=r"rules\.0\.action is missing"):
        load_policy(written(tmp_path, rule))


def test_rules_must_have_names_of_their_own_and_actions_one_scope(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="two rules are called 'r'"):
        load_policy(written(tmp_path, RULE, RULE))
    with pytest.raises(SettingsError, match="'a' stands under two scopes"):
        load_policy(written(tmp_path, RULE, {**RULE, "name": "s", "scope": "notify_therapist"}))


def test_the_example_is_a_policy_for_models_that_ship(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["followup", "--example-policy"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed == example_policy().read_text(encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(printed, encoding="utf-8")
    for rule in load_policy(tmp_path / "policy.yaml").rules:
        assert rule.label in locate_model(rule.model).card.labels

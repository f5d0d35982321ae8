import pytest

from mh_batch.common.flags import Parser, add_flags, given_flags
from mh_batch.settings import TrainSettings
from mh_batch.settings.model_settings import ClassifySettings


@pytest.mark.parametrize("given", ["emotions=a states=b", "emotions=a,states=b", "emotions=a --data states=b"])
def test_pairs_may_stand_apart_or_together(given: str) -> None:
    parser = Parser()
    add_flags(parser, TrainSettings)
    parsed = parser.parse_args(["--data", *given.split(), "--recipe", "r"])
    assert given_flags(parsed, TrainSettings) == {"data": {"emotions": "a", "states": "b"}, "recipe": "r"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], {}),
        (["a", "b"], {"text": ["a", "b"]}),
        (["--model", "m", "a", "--json"], {"model": ["m"], "text": ["a"], "json": True}),
        (["a", "--model", "m", "--model", "n"], {"model": ["m", "n"], "text": ["a"]}),
    ],
)
def test_settings_may_stand_without_a_flag_or_with_one_for_each_value(
    given: list[str], expected: dict[str, object]
) -> None:
    parser = Parser()
    add_flags(parser, ClassifySettings)
    assert given_flags(parser.parse_args(given), ClassifySettings) == expected

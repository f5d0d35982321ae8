"""YAML of a size that people write, without aliases: a few lines of them can stand for more than any memory holds."""

from typing import Any

import yaml

MOST_CHARS = 2**16


class NotPlainError(Exception):
    """What is wrong with the YAML."""


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - as in the class above
        if self.check_event(yaml.AliasEvent):
            raise NotPlainError("it uses aliases")
        return super().compose_node(parent, index)


def load_plain_yaml(text: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return what YAML describes; NotPlainError if it is none, or none that people write."""
    if len(text) > MOST_CHARS:
        raise NotPlainError(f"it takes {len(text):,} characters, and no more than {MOST_CHARS:,} are expected")
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        line = getattr(error, "problem_mark", None)
        raise NotPlainError(f"it is not valid YAML{f': line {line.line + 1}' if line else ''}") from None
    except RecursionError:
        raise NotPlainError("it is nested too deeply") from None
    except ValueError:  # numbers and dates that are none
        raise NotPlainError("it holds a number or a date that is none") from None

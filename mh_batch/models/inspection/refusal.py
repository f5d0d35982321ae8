"""How a file is refused."""

from pathlib import Path

from mh_batch.errors import ModelError

_AGAIN = "Get the file again from where the model was published, or use another model"


def refused(path: Path, why: str, what_to_do: str = _AGAIN) -> ModelError:
    """Return the error that says which file is refused, why, and what to do."""
    stop = "" if why.endswith("?") else "."
    return ModelError(f"{path} is refused: {why}{stop} {what_to_do}")

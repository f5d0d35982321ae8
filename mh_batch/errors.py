"""One error tree. The exit code of each branch tells a scheduler what kind of failure it met."""

from collections.abc import Iterable
from difflib import get_close_matches


class MhBatchError(Exception):
    """Something failed while the job ran: exit code 1."""

    exit_code = 1


class UsageError(MhBatchError):
    """A request that cannot be carried out as asked; nothing has been started: exit code 2."""

    exit_code = 2


class SettingsError(UsageError):
    """A flag or a key of the configuration file is unknown or has a bad value."""


class CorpusError(UsageError):
    """The input cannot be read as a collection of documents."""


class ConsentError(UsageError):
    """Nothing says that the texts may be used."""


class LedgerError(UsageError):
    """A consent ledger cannot be read, or its rows break their contract."""


class PreparationError(UsageError):
    """A source of a data set does not hold what the recipe says of it."""


class ModelError(UsageError):
    """A model cannot be had, or its files cannot be used."""


class RecipeError(UsageError):
    """A recipe for generated texts cannot be read, or does not hold together."""


class ContactsError(UsageError):
    """The contacts for follow-ups cannot be read, or a row of them is wrong."""


class RunNotFoundError(UsageError):
    """The output root holds no such published run."""


class KeyFileError(UsageError):
    """The secret behind the pseudonyms cannot be had, is weak, or is not the one that was used before."""


class PlatformError(MhBatchError):
    """The machine lacks something that the job needs, such as Java."""


class BusyError(MhBatchError):
    """Someone else works in the output root, and the two would harm each other."""


class CorpusChangedError(MhBatchError):
    """The corpus changed while it was being read."""


class StoreError(MhBatchError):
    """The store, or the disk that it lies on, cannot take what it is given."""


class ErasureError(MhBatchError):
    """Something of what was to be erased is still there, or what is left does not add up."""


class RotationError(MhBatchError):
    """The pseudonyms are between two keys: a rotation was interrupted."""


class PublishingError(MhBatchError):
    """A run could not be copied to where others query it; what lies there is as it was."""


class ProviderError(MhBatchError):
    """A provider of texts refused, or could not be reached; what has been answered is kept."""


class LostAnswerError(ProviderError):
    """Nobody said whether what was asked has been done: it may have been."""


class BatchRefusedError(ProviderError):
    """A batch was not accepted for now; where the provider says so, `retry_after` seconds may help."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        """Say why, and how long the provider asks to wait, if it does."""
        super().__init__(message)
        self.retry_after = retry_after


class DeliveryError(MhBatchError):
    """Something of the outbox could not be delivered; what was is logged, and the same command goes on from there."""


class ValidationError(MhBatchError):
    """The results broke a contract and were not published: exit code 3."""

    exit_code = 3


class LeakError(ValidationError):
    """Texts of one split are nearly those of another: the data set was not published."""


class WithheldError(MhBatchError):
    """Something failed that was not foreseen; its message is withheld, since it may quote a text."""


class DriftError(MhBatchError):
    """The run is published, but its report flags a change and was asked to fail on that: exit code 4."""

    exit_code = 4


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint naming the known word nearest to `word`, or the known words if none is near."""
    choices = sorted(known)
    close = get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known are: {', '.join(choices)}"

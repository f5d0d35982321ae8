"""Names for what went wrong with a text. Never the error's message: it may quote the text."""

import gc

Failure = str

_SIGNS = ("can't allocate memory", "CUDA error: out of memory")


def is_failure(error: BaseException) -> bool:
    """Return whether something failed, and nobody asked the process to stop: tokenizers panic with no Exception."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def failure_of(error: BaseException) -> Failure:
    """Return a word for the error: `out_of_memory`, or the name of its type."""
    return "out_of_memory" if is_out_of_memory(error) else type(error).__name__


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether the error says that host or device memory ran out."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # PyTorch's CPU allocator raises a plain RuntimeError, the driver of a GPU an AcceleratorError.
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


def is_beyond_repair(error: Exception) -> bool:
    """Return whether the device will refuse everything from now on, so that the process must end and another go on.

    After an illegal access or a failed assertion on a GPU each further call fails, whatever the text.
    """
    import torch

    return isinstance(error, torch.AcceleratorError) and not is_out_of_memory(error)


def release_memory() -> None:
    """Give cached device memory back, so that the next, smaller try finds it."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

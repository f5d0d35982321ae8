"""Names for what went wrong with a text. Never the error's message: it may quote the text."""

import gc

Failure = str


def failure_of(error: Exception) -> Failure:
    """Return a word for the error: `out_of_memory`, or the name of its type."""
    return "out_of_memory" if is_out_of_memory(error) else type(error).__name__


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether the error says that host or device memory ran out."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # PyTorch's CPU allocator raises a plain RuntimeError.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def release_memory() -> None:
    """Give cached device memory back, so that the next, smaller try finds it."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

"""What pseudonyms are, worked out with the standard library alone."""

import hashlib
import hmac
from collections.abc import Iterable


def chained(links: Iterable[bytes], purpose: str, value: str) -> str:
    """Return what a chain of keys makes of a value."""
    for link in links:
        value = hmac.new(link, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]
    return value

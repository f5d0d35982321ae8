"""Who runs a command."""

import getpass
import os


def this_user() -> str:
    """Return the name of the user of this process, or the number where the system knows no name, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"

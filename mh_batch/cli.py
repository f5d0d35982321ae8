"""The `mh-batch` command."""

import codecs
import locale
import os
import platform
import sys
from collections.abc import Sequence

from mh_batch._version import __version__
from mh_batch.commands import COMMANDS
from mh_batch.commands.base import EPILOG
from mh_batch.common.console import console, get_logger, set_volume
from mh_batch.common.flags import Parser
from mh_batch.common.redaction import is_debugging, redacted_message, withheld
from mh_batch.errors import MhBatchError

_LOG = get_logger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code. Errors print one message, never a traceback: it may quote a text."""
    _let_java_name_all_files()
    with console() as shown:
        try:
            namespace, unknown = parser().parse_known_args(arguments)
            namespace.parser.check_unknown(unknown)
            set_volume(shown, namespace)
            _LOG.debug("mh-batch %s, Python %s: %s", __version__, platform.python_version(), namespace.parser.prog)
            code: int = namespace.command.execute(namespace)
            return code
        except MhBatchError as error:
            _LOG.debug("%s", redacted_message(error))
            _LOG.error("%s", error)
            return error.exit_code
        except KeyboardInterrupt:
            _LOG.error("interrupted; what is finished is kept, the same command goes on from there")
            return 130
        except SystemExit:
            raise
        except BaseException as error:  # a panic of a library in Rust is no Exception
            if is_debugging():
                raise
            _LOG.error("%s", withheld(error))
            return 1


def parser() -> Parser:
    """Return the parser of the command line, with one for each command; documentation reads it, too."""
    top = Parser(
        prog="mh-batch", description="Score large text collections for mental-health indicators.", epilog=EPILOG
    )
    top.add_argument("--version", action="version", version=f"mh-batch {__version__}")
    top.set_defaults(parser=top)
    subparsers = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(subparsers)
    return top


def _let_java_name_all_files() -> None:
    """In the locale C Python knows all letters, but a JVM that is started only ASCII's, also in names of files."""
    if codecs.lookup(locale.getencoding()).name == "ascii":
        os.environ["LC_ALL"] = "C.UTF-8"


if __name__ == "__main__":
    sys.exit(main())

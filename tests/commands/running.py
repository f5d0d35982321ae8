"""A command run in this process."""

import pytest

from mh_batch.cli import main

XLMR = "xlmr-depression-mini"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err

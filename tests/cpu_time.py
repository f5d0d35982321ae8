"""A pytest plugin: the processor time of each test file and of the slowest tests, child processes included.

`pytest -p tests.cpu_time` adds tables to the summary. Spark's JVM, its Python workers, clusters and commands are
child processes.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

_TICKS = os.sysconf("SC_CLK_TCK")
_SHOWN = 40


def _times() -> tuple[dict[int, list[int]], dict[int, int]]:
    """Every process's children, and the ticks that it and its ended children took."""
    below: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            below.setdefault(int(fields[1]), []).append(int(entry.name))
            ticks[int(entry.name)] = sum(map(int, fields[11:15]))
    return below, ticks


def cpu_seconds() -> float:
    """Seconds of user and system time that this process and all below it have taken."""
    below, ticks = _times()
    found, todo = 0, [os.getpid()]
    while todo:
        pid = todo.pop()
        found += ticks.get(pid, 0)
        todo += below.get(pid, [])
    return found / _TICKS


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure a test with what it sets up and tears down."""
    item.user_properties.append(("cpu_before", cpu_seconds()))
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Write down what the test took, before its last report is made."""
    yield
    before = dict(item.user_properties)["cpu_before"]
    assert isinstance(before, float)
    item.user_properties.append(("cpu", cpu_seconds() - before))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    tests: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "teardown":
                took = dict(report.user_properties).get("cpu", 0.0)
                assert isinstance(took, float)
                tests[report.nodeid] += took  # type: ignore[assignment]  # a counter of seconds
                files[report.nodeid.partition("::")[0]] += took  # type: ignore[assignment]
    for title, found in (("files", files), ("tests", tests)):
        terminalreporter.section(f"CPU seconds of {title}: {sum(files.values()):.0f}")
        for name, took in found.most_common(_SHOWN):
            terminalreporter.write_line(f"{took:8.1f} {name}")

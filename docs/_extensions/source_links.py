"""Names places of the source, and warns of those that are no longer there: a warning ends the build.

`{source}` takes a file or folder of the checkout, and a name that the file defines: `mh_batch/errors.py::UsageError`.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

_logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the role."""
    app.add_role("source", _Source())
    return {"parallel_read_safe": True}


class _Source(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        file, _, name = self.text.partition("::")
        path = Path(self.env.srcdir).parent / file
        if not path.exists():
            _logger.warning("the source has no %s", file, location=self.get_location())
        elif name and not _defines(path, name):
            _logger.warning("%s defines no %s", file, name, location=self.get_location())
        text = f"{name} in {file}" if name else file
        parts = [nodes.literal(part, part) for part in (name, file) if part]
        if len(parts) == 1:
            return [nodes.literal(text, file)], []
        return [parts[0], nodes.Text(" in "), parts[1]], []


def _defines(path: Path, name: str) -> bool:
    """Whether a module defines a name, at its top or in a class."""
    names = r"\.".join(map(re.escape, name.split(".")[-1:]))
    return re.search(rf"^\s*(def|class)\s+{names}\b|^\s*{names}\s*[:=]", path.read_text(), re.MULTILINE) is not None

"""Types in signatures need not lead anywhere; whatever a text refers to must."""

from typing import Any

from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask before a warning is given."""
    app.connect("warn-missing-reference", _is_of_a_signature)
    return {"parallel_read_safe": True}


def _is_of_a_signature(_app: Sphinx, domain: Any, node: pending_xref) -> bool | None:  # noqa: ANN401 - Sphinx's own event
    """Whether nobody wrote the reference: Sphinx made it of an annotation, as of other projects' types."""
    return True if domain is not None and domain.name == "py" and not node.rawsource else None

"""Names that a package exports from its modules, imported on first use (PEP 562).

What is only read without Spark or PyTorch so does not wait for them to be imported.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_exports(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package.

    Args:
        package: The package's name.
        names: The exported names, by the module within the package that defines them.
    """
    homes = {name: module for module, exported in names.items() for name in exported}

    def get(name: str) -> Any:  # noqa: ANN401 - the type depends on the name
        if name not in homes:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return get

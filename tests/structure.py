"""Figures on the layout of the package: `python -m tests.structure [FOLDER]`, with the folder of a checkout.

The figures are those that a newcomer feels: how much there is to read, and whether a name means one thing.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGE = "mh_batch"
_RUN = "mh_batch.scoring.run"

_QUESTIONS = {"How", "What", "When", "Where", "Which", "Who", "Whom", "Whose", "Why"}

# Every package may have these.
_USUAL_FILES = {"__init__.py", "__main__.py", "base.py"}


@dataclass(frozen=True)
class Structure:
    """The modules of a checkout, and what they define and import."""

    folder: Path

    @cached_property
    def modules(self) -> dict[str, ast.Module]:
        """The syntax of each module, by its dotted name; that of a package is the one of its `__init__`."""
        found = {}
        for path in sorted((self.folder / _PACKAGE).rglob("*.py")):
            dotted = ".".join(path.relative_to(self.folder).with_suffix("").parts)
            found[dotted.removesuffix(".__init__")] = ast.parse(path.read_text())
        return found

    def imports(self, module: str) -> set[str]:
        """The package's modules that a module imports; a name that a package exports counts as the package."""
        found = set()
        for node in ast.walk(self.modules[module]):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                full = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {name if name in self.modules else node.module for name in full}
        return found & set(self.modules)

    def to_read(self, module: str = _RUN) -> set[str]:
        """The modules to read to understand one: those of its package that it reaches, and what these import."""
        package = module.rpartition(".")[0]
        reached, open_ends, outside = {module}, [module], set[str]()
        while open_ends:
            for name in self.imports(open_ends.pop()):
                if not f"{name}.".startswith(f"{package}."):
                    outside.add(name)
                elif name not in reached:
                    reached.add(name)
                    open_ends.append(name)
        return reached | outside

    def repeated_names(self) -> dict[str, list[str]]:
        """Public functions and classes that more than one module defines, with the modules."""
        homes = defaultdict(list)
        for module, tree in self.modules.items():
            for name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}:
                homes[name].append(module)
        return {name: found for name, found in sorted(homes.items()) if len(found) > 1 and not name.startswith("_")}

    def repeated_files(self) -> dict[str, list[str]]:
        """File names that stand in more than one folder, with the folders."""
        homes = defaultdict(list)
        for path in (self.folder / _PACKAGE).rglob("*.py"):
            homes[path.name].append(str(path.parent.relative_to(self.folder)))
        return {
            name: sorted(found) for name, found in sorted(homes.items()) if len(found) > 1 and name not in _USUAL_FILES
        }

    def tested_by_name(self) -> list[str]:
        """The modules that have a test module of their name, `tests/<package>/test_<module>*.py`."""
        found = []
        for module in self.modules:
            package, _, name = module.removeprefix(f"{_PACKAGE}.").rpartition(".")
            folder = self.folder / "tests" / package.replace(".", "/")
            if any(folder.glob(f"test_{name}.py")) or any(folder.glob(f"test_{name}_*.py")):
                found.append(module)
        return found

    def questions(self) -> list[str]:
        """Docstrings that begin with a question word instead of the thing."""
        found = []
        for module, tree in self.modules.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                    first = (ast.get_docstring(node) or "").partition(" ")[0]
                    if first in _QUESTIONS:
                        found.append(f"{module}.{getattr(node, 'name', '__doc__')}")
        return found

    def undocumented(self) -> list[str]:
        """Public functions and methods with three or more parameters whose docstring does not name them all."""
        found = []
        for name, function, documented in self._functions():
            parameters = _parameters(function)
            text = documented or ""
            if len(parameters) >= 3 and not all(f"{each}:" in text for each in parameters):
                found.append(name)
        return found

    def with_parameters(self) -> int:
        """The number of public functions and methods that have three or more parameters."""
        return sum(len(_parameters(function)) >= 3 for _, function, _ in self._functions())

    def _functions(self) -> Iterator[tuple[str, ast.FunctionDef, str | None]]:
        """Each public function or method, and what documents it: for `__init__`, also the docstring of its class."""
        for module, tree in self.modules.items():
            for node in tree.body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield f"{module}.{node.name}", node, ast.get_docstring(node)
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    for each in node.body:
                        if not isinstance(each, ast.FunctionDef):
                            continue
                        if each.name == "__init__":
                            both = f"{ast.get_docstring(node)}\n{ast.get_docstring(each)}"
                            yield f"{module}.{node.name}", each, both
                        elif not each.name.startswith("_") and not _is_override(each):
                            yield f"{module}.{node.name}.{each.name}", each, ast.get_docstring(each)


def _parameters(function: ast.FunctionDef) -> list[str]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [each.arg for each in every if each.arg not in ("self", "cls")]


def _is_override(function: ast.FunctionDef) -> bool:
    """Whether it is documented where the method that it overrides is."""
    return any(isinstance(each, ast.Name) and each.id == "override" for each in function.decorator_list)


def main(folder: Path) -> None:
    """Print the figures, and behind each what makes it up."""
    structure = Structure(folder)
    small = sum(len(ast.unparse(tree).splitlines()) < 60 for tree in structure.modules.values())
    print(f"modules: {len(structure.modules)}, {small} of them under 60 lines without comments")
    print(f"imported by {_RUN}: {len(structure.imports(_RUN))}")
    print(f"modules to read for one run: {len(structure.to_read())}")
    for name in sorted(structure.to_read()):
        print(f"  {name}")
    for title, found in (
        ("public names defined twice", structure.repeated_names()),
        ("file names that repeat", structure.repeated_files()),
    ):
        print(f"{title}: {len(found)}")
        for name, homes in found.items():
            print(f"  {name}: {', '.join(homes)}")
    print(
        f"functions with three or more parameters that do not document them: {len(structure.undocumented())} of "
        f"{structure.with_parameters()}"
    )
    for name in structure.undocumented():
        print(f"  {name}")
    print(f"docstrings that begin with a question word: {len(structure.questions())}")
    for name in structure.questions():
        print(f"  {name}")
    print(f"modules whose tests are found by their name: {len(structure.tested_by_name())}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _ROOT)

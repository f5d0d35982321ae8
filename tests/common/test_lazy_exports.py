import ast
from importlib import import_module
from pathlib import Path

import pytest

import mh_batch

ROOT = Path(mh_batch.__file__).parent
PACKAGES = [path for path in sorted(ROOT.rglob("__init__.py")) if "lazy_exports(" in path.read_text()]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_a_package_exports_at_run_time_what_it_exports_to_type_checkers(path: Path) -> None:
    package = ".".join(path.parent.relative_to(ROOT.parent).parts)
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    declared = {
        alias.name: node.module for node in imports for alias in node.names if (node.module or "").startswith(package)
    }
    assert declared
    for name, module in declared.items():
        assert getattr(import_module(package), name) is getattr(import_module(str(module)), name)
    mapping = next(node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Dict))
    assert {each.value for each in ast.walk(mapping) if isinstance(each, ast.Constant)} - {
        str(module).removeprefix(f"{package}.") for module in declared.values()
    } == set(declared) - {str(module).removeprefix(f"{package}.") for module in declared.values()}


def test_a_name_that_a_package_does_not_export_is_said() -> None:
    with pytest.raises(AttributeError, match=r"module 'mh_batch\.output' has no attribute 'nothing'"):
        import_module("mh_batch.output").nothing  # noqa: B018 - looking it up is what is tested

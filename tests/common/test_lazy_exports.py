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
    (branch,) = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.If)]
    imports = [node for node in branch.body if isinstance(node, ast.ImportFrom)]
    declared = {f"{node.module}".removeprefix(f"{package}."): [alias.name for alias in node.names] for node in imports}
    (mapping,) = [node for node in ast.walk(branch) if isinstance(node, ast.Dict)]

    assert declared
    assert ast.literal_eval(mapping) == declared
    for module, names in declared.items():
        for name in names:
            assert getattr(import_module(package), name) is getattr(import_module(f"{package}.{module}"), name)


def test_a_name_that_a_package_does_not_export_is_said() -> None:
    with pytest.raises(AttributeError, match=r"module 'mh_batch\.output' has no attribute 'nothing'"):
        import_module("mh_batch.output").nothing  # noqa: B018 - looking it up is what is tested

"""The layout stays as easy to read as it is: each limit is one that a newcomer would feel if it were passed."""

from pathlib import Path

import pytest

from tests.structure import Structure


@pytest.fixture(scope="module")
def structure() -> Structure:
    return Structure(Path(__file__).parents[1])


def test_one_run_can_be_read_in_few_modules(structure: Structure) -> None:
    assert len(structure.imports("mh_batch.scoring.run")) <= 17
    assert len(structure.to_read()) <= 35


def test_a_public_name_is_defined_once(structure: Structure) -> None:
    assert structure.repeated_names() == {}


def test_a_file_name_says_which_module_it_is(structure: Structure) -> None:
    assert len(structure.repeated_files()) <= 12


def test_functions_with_several_parameters_document_them(structure: Structure) -> None:
    assert structure.undocumented() == []


def test_docstrings_begin_with_what_a_thing_is(structure: Structure) -> None:
    assert structure.questions() == []


def test_figures_are_told_of_a_package_that_has_every_fault(tmp_path: Path) -> None:
    package = tmp_path / "mh_batch"
    files = {
        "__init__.py": "",
        "one/__init__.py": "",
        "one/same.py": '"""What it is."""\nfrom mh_batch.two import same\n\ndef twice() -> None: ...\n',
        "two/__init__.py": "",
        "two/same.py": "def twice(a: int, b: int, c: int) -> None:\n    '''Do it.\n\n    Args:\n        a: One.'''\n",
    }
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    found = Structure(tmp_path)
    assert found.imports("mh_batch.one.same") == {"mh_batch.two.same"}
    assert found.to_read("mh_batch.one.same") == {"mh_batch.one.same", "mh_batch.two.same"}
    assert found.repeated_names() == {"twice": ["mh_batch.one.same", "mh_batch.two.same"]}
    assert found.repeated_files() == {"same.py": ["mh_batch/one", "mh_batch/two"]}
    assert found.undocumented() == ["mh_batch.two.same.twice"]
    assert found.questions() == ["mh_batch.one.same.__doc__"]
    assert found.with_parameters() == 1

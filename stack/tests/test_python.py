import ast
import tomllib

import pytest

from stack import python
from stack.instance import ROOT


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_a_python_of_these_versions_will_do(version: tuple[int, int]) -> None:
    assert python.complaint(version) is None


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 10), (3, 15), (4, 0)])
def test_another_one_is_told_which_will_in_a_line(version: tuple[int, int]) -> None:
    complaint = python.complaint(version)
    assert complaint is not None
    assert "3.11 to 3.14" in complaint
    assert python.named(version) in complaint
    assert "PYTHON=" in complaint
    assert "\n" not in complaint


def test_what_says_so_can_be_read_by_pythons_that_will_not_do() -> None:
    for name in ("python.py", "__main__.py", "__init__.py"):
        ast.parse((ROOT / "stack" / name).read_text(), feature_version=(3, 8))


def test_every_project_wants_the_same_pythons() -> None:
    files = [ROOT / "pyproject.toml", *sorted(ROOT.glob("*/pyproject.toml"))]
    assert len(files) == 8
    wanted = {tomllib.loads(file.read_text())["project"]["requires-python"] for file in files}
    newest_not = (python.NEWEST[0], python.NEWEST[1] + 1)
    assert wanted == {f">={python.named(python.OLDEST)},<{python.named(newest_not)}"}

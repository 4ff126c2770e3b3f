from collections.abc import Callable
from pathlib import Path

import pytest

from stack import sources
from stack.errors import StackError

# In two parts, for in one it would be looked at.
NOQA = "# no" + "qa"


def complaint(check: Callable[[Path], None], root: Path) -> str:
    with pytest.raises(StackError) as raised:
        check(root)
    return raised.value.details


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_file_of_400_lines_is_let_be_and_one_of_401_is_named(tmp_path: Path) -> None:
    written(tmp_path, "app/short.py", "x = 1\n" * 400)
    sources.check_lengths(tmp_path)
    written(tmp_path, "app/tests/test_long.py", "x = 1\n" * 401)
    assert complaint(sources.check_lengths, tmp_path) == "app/tests/test_long.py: 401"


@pytest.mark.parametrize("folder", [".venv/lib", "app/migrations"])
def test_what_nobody_writes_may_be_as_long_as_it_likes(tmp_path: Path, folder: str) -> None:
    written(tmp_path, f"{folder}/long.py", "x = 1\n" * 401)
    sources.check_lengths(tmp_path)


@pytest.mark.parametrize(
    "comment", [f"{NOQA}: S310", f"{NOQA}", f"{NOQA}  (a server of our own)", f"{NOQA}: S310, S603"]
)
def test_a_rule_that_is_off_without_its_name_or_a_reason_is_named(tmp_path: Path, comment: str) -> None:
    written(tmp_path, "app/open.py", f"x = 1\nopen(url)  {comment}\n")
    assert complaint(sources.check_reasons, tmp_path) == f"app/open.py:2: {comment}"


@pytest.mark.parametrize("comment", [f"{NOQA}: S310  (ours)", f"{NOQA}: S310, S603 - ours", f"{NOQA}: E402"])
def test_a_rule_that_is_off_for_a_reason_is_let_be(tmp_path: Path, comment: str) -> None:
    written(tmp_path, "app/open.py", f"open(url)  {comment}\n")
    sources.check_reasons(tmp_path)


def test_tests_and_what_only_looks_like_a_comment_need_no_reason(tmp_path: Path) -> None:
    written(tmp_path, "app/tests/test_open.py", f"open(url)  {NOQA}: S310\n")
    written(tmp_path, "app/words.py", f'WORDS = "{NOQA}"\n')
    sources.check_reasons(tmp_path)

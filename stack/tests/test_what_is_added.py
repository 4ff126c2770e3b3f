"""Who asks for more of what runs is told that they do not get it."""

from pathlib import Path

import pytest

from stack import up
from stack.instance import Instance
from stack.supervision import Supervisor


@pytest.mark.parametrize(
    ("runs", "workers", "replicas", "is_told"),
    [(True, 2, 0, True), (True, 1, 2, True), (True, 1, 0, False), (True, 1, 1, False), (False, 2, 2, False)],
)
def test_nothing_is_added_to_what_runs_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: bool, workers: int, replicas: int, is_told: bool
) -> None:
    instance = Instance.at(str(tmp_path))
    instance.set_numbers(workers=1, replicas=1)
    monkeypatch.setattr(Supervisor, "is_running", lambda _: runs)
    said: list[str] = []
    up._say_what_is_not_added(instance, workers=workers, replicas=replicas, say=said.append)
    assert [line.partition(",")[0] for line in said] == ["it runs with WORKERS=1 REPLICAS=1"] * is_told

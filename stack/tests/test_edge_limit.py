"""What a run of the bench does to the gateway's limit, it undoes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stack.instance import Instance
from stack.ports import USUAL
from stack.servers import nginx


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("GATEWAY_RATE_PER_MINUTE", "77")
    instance = Instance.at(tmp_path / "edge")
    for folder in (instance.state, instance.run, instance.data):
        folder.mkdir()
    nginx.provision(instance, ports=USUAL)
    monkeypatch.delenv("GATEWAY_RATE_PER_MINUTE")
    return instance


@pytest.fixture
def configuration(instance: Instance) -> Callable[[], dict[str, str]]:
    folder = instance.run / "nginx"
    return lambda: {str(file): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_the_limit_is_lifted_and_comes_back_as_it_was_chosen(
    instance: Instance, configuration: Callable[[], dict[str, str]]
) -> None:
    found = configuration()
    assert any("rate=77r/m" in text for text in found.values())
    nginx.lift_limit(instance, ports=USUAL)
    assert not any("rate=77r/m" in text for text in configuration().values())
    nginx.restore(instance)
    assert configuration() == found


def test_after_a_run_that_was_killed_the_next_one_puts_it_back(
    instance: Instance, configuration: Callable[[], dict[str, str]]
) -> None:
    found = configuration()
    nginx.lift_limit(instance, ports=USUAL)
    nginx.lift_limit(instance, ports=USUAL)
    nginx.restore(instance)
    assert configuration() == found


def test_a_start_after_a_run_that_was_killed_has_what_it_is_told_and_nothing_older(
    instance: Instance, configuration: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    nginx.lift_limit(instance, ports=USUAL)
    monkeypatch.setenv("GATEWAY_RATE_PER_MINUTE", "88")
    nginx.provision(instance, ports=USUAL)
    started = configuration()
    assert any("rate=88r/m" in text for text in started.values())
    nginx.restore(instance)
    assert configuration() == started

"""The critic of the API documents is looked for; where it cannot be had, that is said."""

from pathlib import Path

import pytest

from stack import spectral
from stack.errors import StackError


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectral, "FOLDER", tmp_path / "tools")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.usefixtures("nothing_installed")
def test_without_npm_it_says_that_it_did_not_look(capsys: pytest.CaptureFixture[str]) -> None:
    spectral.check()
    assert "did not look: there is no npm" in capsys.readouterr().out


@pytest.mark.usefixtures("nothing_installed")
def test_without_npm_continuous_integration_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(StackError, match="there is no npm"):
        spectral.check()


def test_no_address_of_a_registry_is_in_the_pins() -> None:
    lines = (spectral.LINT / "package-lock.json").read_text().splitlines()
    assert not [line for line in lines if '"resolved"' in line]
    assert sum('"integrity"' in line for line in lines) > 100

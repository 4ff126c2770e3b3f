import stat
from pathlib import Path

import pytest
from conftest import ROOT
from make_env import MAKERS, complete, main

from stack import credentials


def test_each_installation_has_secrets_of_its_own() -> None:
    first, second = (credentials.parse(complete("", {})) for _ in range(2))
    assert set(MAKERS) <= set(first)
    assert all(first[name] != second[name] and len(first[name]) >= 40 for name in MAKERS)


def test_what_is_there_is_kept_to_the_letter_and_what_lacks_is_added() -> None:
    before = "# mine\nREDIS_PASSWORD='kept'\nGATEWAY_PORT=8080\n\nEXTRA=1"
    after = complete(before, {})
    assert after.startswith(before + "\n")
    known = credentials.parse(after)
    assert known["REDIS_PASSWORD"] == "'kept'"
    assert known["GATEWAY_PORT"] == "8080"
    assert set(MAKERS) <= set(known)
    assert complete(after, {}) == after


def test_only_its_owner_can_read_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ".env"
    main(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = capsys.readouterr().out
    assert not any(value in said for value in credentials.parse(file.read_text()).values() if len(value) > 30)
    text = file.read_text()
    main(file)
    assert file.read_text() == text


def test_the_public_address_follows_the_port() -> None:
    assert credentials.parse(complete("", {}))["PUBLIC_URL"] == "http://localhost"
    assert credentials.parse(complete("", {"GATEWAY_PORT": "8080"}))["PUBLIC_URL"] == "http://localhost:8080"


def test_with_tls_both_files_are_named_and_customers_are_told_so() -> None:
    known = credentials.parse(complete("", {"TLS": "1"}))
    assert known["PUBLIC_URL"] == "https://localhost"
    files = known["COMPOSE_FILE"].split(":")
    assert len(files) == 2
    assert all((ROOT / file).exists() for file in files)
    elsewhere = credentials.parse(complete("", {"TLS": "1", "GATEWAY_TLS_PORT": "8443"}))
    assert elsewhere["PUBLIC_URL"] == "https://localhost:8443"
    for off in ({}, {"TLS": ""}, {"TLS": "0"}):
        assert "COMPOSE_FILE" not in credentials.parse(complete("", off))

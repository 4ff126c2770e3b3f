"""docker/backups.sh, with the chart's scripts in place of which stand ones that say how they were called."""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

SERVICES = ("auth", "catalog", "booking", "payment", "notify")
STUB = """#!/bin/bash
mkdir -p "$BACKUP_FOLDER"
[ "$DATABASE_URL" != postgres://booking ] || [ -z "$BOOKING_FAILS" ] || exit 1
[ {name} != backup ] || touch "$BACKUP_FOLDER/new.dump"
echo {name} "$DATABASE_URL" "$BACKUP_FOLDER" "${{BACKUP_FILE:-newest}}"
"""


@pytest.fixture
def run(tmp_path: Path):
    """Runs it with a folder of its own instead of the container's."""
    (tmp_path / "scripts").mkdir()
    for name in ("backup", "restore"):
        (tmp_path / "scripts" / f"{name}.sh").write_text(STUB.format(name=name))
    text = (ROOT / "docker" / "backups.sh").read_text()
    script = tmp_path / "backups.sh"
    script.write_text(text.replace("/marquee/scripts", f"{tmp_path}/scripts").replace("/backups", f"{tmp_path}/dumps"))
    urls = {f"{name.upper()}_DATABASE_URL": f"postgres://{name}" for name in SERVICES}

    def call(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.defpath, **urls, "BOOKING_FAILS": "", **more}
        return subprocess.run(["bash", str(script), *words], env=environment, capture_output=True, text=True)

    call.dumps = tmp_path / "dumps"
    return call


def test_each_database_is_dumped_into_its_own_folder(run) -> None:
    result = run("now")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [f"backup postgres://{n} {run.dumps}/{n} newest" for n in SERVICES]
    assert run("now", "payment").stdout.splitlines() == [f"backup postgres://payment {run.dumps}/payment newest"]


def test_a_dump_that_fails_keeps_the_others_from_nothing_and_is_told(run) -> None:
    result = run("now", BOOKING_FAILS="yes")
    assert result.returncode == 1
    assert len(result.stdout.splitlines()) == 4
    assert "booking was not dumped" in result.stderr


def test_a_database_without_a_dump_of_the_last_day_is_named(run) -> None:
    assert run("fresh").returncode == 1
    run("now")
    assert run("fresh").returncode == 0
    os.utime(run.dumps / "notify" / "new.dump", (0, 0))
    result = run("fresh")
    assert (result.returncode, result.stdout) == (1, "too old: notify\n")


def test_the_newest_dump_or_the_one_that_is_named_is_put_back(run) -> None:
    assert run("restore", "booking").stdout == f"restore postgres://booking {run.dumps}/booking newest\n"
    named = run("restore", "booking", "20260101T020000Z.dump").stdout
    assert named.endswith(f" {run.dumps}/booking/20260101T020000Z.dump\n")


def test_what_it_does_not_know_it_refuses(run) -> None:
    assert "there is no service 'cinema'" in run("restore", "cinema").stderr
    assert run("restore").returncode != 0
    unknown = run("yesterday")
    assert unknown.returncode == 2
    assert "restore SERVICE [FILE]" in unknown.stdout

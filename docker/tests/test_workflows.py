import re
from typing import Any

import pytest
import yaml
from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def jobs() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    return parsed


@each_workflow
def test_actions_are_pinned_by_commit_and_say_their_version(file) -> None:
    lines = [line.strip() for line in file.read_text().splitlines() if "uses:" in line]
    assert lines
    for line in lines:
        assert re.fullmatch(r"(- )?uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@each_workflow
def test_a_workflow_may_read_and_a_job_asks_for_more(file) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    writers = {
        (name, scope)
        for name, job in workflow["jobs"].items()
        for scope, right in job.get("permissions", {}).items()
        if right == "write"
    }
    assert writers <= {("images", "packages"), ("images", "id-token"), ("latest", "packages")}
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())


AGREED = {
    "auth": "auth-service",
    "catalog": "movie-service",
    "booking": "booking-service",
    "payment": "payment-service",
    "notify": "notification-service",
}


def test_every_service_has_its_image_built_and_tagged_under_the_agreed_name_too() -> None:
    images = jobs()["images"]["strategy"]["matrix"]["include"]
    built = {image["name"] for image in images}
    assert built == {*AGREED, "frontend", "gateway", "message-sink", "audit"}
    assert {image["name"]: image["also"] for image in images if "also" in image} == AGREED
    tagging = jobs()["latest"]["steps"][-1]["run"]
    tagged = re.search(r"for name in ([^;]+); do", tagging)[1].replace("\\\n", " ").split()
    assert set(tagged) == built | set(AGREED.values())


def test_nothing_is_called_latest_before_it_has_passed() -> None:
    assert set(jobs()["latest"]["needs"]) == {"chart", "cluster", "tests", "systems", "containers"}
    assert "latest" not in str(jobs()["images"])
    assert set(jobs()["summary"]["needs"]) == set(jobs()) - {"summary"}

"""Tables that staff bring and take along: who may, and what is none."""

from typing import Any

import pytest
from admin_site import Visitor
from endpoints import SERVICES
from file_endpoints import FILES, FileEndpoint
from rights import promised
from world import Person, World

IMPORTS = [each for each in FILES if each.lines]
ROLES = sorted({role for _, role in promised()})
NO_TABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "application/json"),
    "an open bracket": (b"[{", "application/json"),
    "a number": (b"7", "application/json"),
    "lines that are none": (b"[7, null]", "application/json"),
    "a line that nests too deeply": (b"[" * 50_000 + b"]" * 50_000, "application/json"),
    "a heading twice": (b"title,title\r\na,b\r\n", "text/csv"),
    "no workbook": (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def tried(who: Person, each: FileEndpoint, **sent: Any) -> Any:
    """Nothing is written: an import is a dry run."""
    path = f"{each.path}?dry_run=true" if each.lines else each.path
    return who.send(each.method, path, None if sent else each.lines or None, **sent)


@pytest.mark.parametrize("each", FILES, ids=str)
def test_files_are_moved_by_the_roles_that_may_and_by_nobody_else(
    world: World, customer: Person, each: FileEndpoint
) -> None:
    tried(world.anybody, each).problem(401, "not_authenticated")
    tried(customer, each).problem(403, "permission_denied")
    let_in = {role for role in ROLES if tried(world.staff(role), each).status != 403}
    assert let_in == {role for role in ROLES if promised()[each.service, role].may(each.permission)}


@pytest.mark.parametrize("each", IMPORTS, ids=str)
def test_what_is_no_table_is_a_400_and_what_is_too_large_a_413(admin: Person, each: FileEndpoint) -> None:
    for name, (content, media_type) in NO_TABLE.items():
        answer = tried(admin, each, raw=content, media_type=media_type)
        assert answer.status == 400, (name, answer)
        answer.problem(400)
    tried(admin, each, raw=b"x" * 3_000_000, media_type="text/csv").problem(413, "payload_too_large")
    tried(admin, each, raw=b"a=b", media_type="text/plain").problem(415)
    admin.send("PUT", each.path, each.lines).problem(405)


@pytest.mark.parametrize("service", SERVICES)
def test_a_list_of_an_admin_site_is_taken_along_by_whoever_sees_it(world: World, service: str) -> None:
    """Of one that everybody of staff sees, and of one that the admins alone do."""
    visitors = {role: Visitor(world, service, world.where.accounts[role]) for role in ROLES}
    lists = {role: visitor.lists() for role, visitor in visitors.items()}
    everybodys, admins = set.intersection(*lists.values()), lists["admin"] - lists["manager"] - lists["support"]
    asked = [*sorted(everybodys)[:1], *sorted(admins)[:1]]
    assert asked
    for path in asked:
        statuses = {role: visitor.status(f"{path}export.csv") for role, visitor in visitors.items()}
        assert statuses == {role: 200 if path in lists[role] else 403 for role in ROLES}, path

"""What runs by itself and what staff open, each with what it costs in pages of the database.

For the tests of a service on a loaded database, and for `manage.py costs`, which measures a running one. All is done in
a transaction that the caller takes back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias
from unittest.mock import patch
from uuid import UUID

from django.contrib.admin.utils import get_fields_from_path
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import UUIDField
from django.template.response import TemplateResponse
from django.test import RequestFactory, override_settings
from django.urls import resolve, reverse

from chassis.messaging import outbox_table, relay
from chassis.messaging.housekeeping import measure as measure_backlog
from chassis.messaging.worker import service_tables
from chassis.testing_pages import SEARCHED, pages
from chassis.testing_plans import Cost, buffers, costs
from chassis.web.spreadsheets import CSV
from chassis.web.staff_tokens import StaffToken

# Wanted, in pages of 8 KiB; and bytes of a page of the admin site.
WANTED = {"clock.second": 100, "clock.minute": 2000}
OF_A_LIST, OF_A_SEARCH_BY_ID, OF_A_READ = 5000, 200, 500
# As it opens it is within the same; by a filter it looks at everybody's rows first.
OF_A_LIST_AT_THEATERS = 6000
BYTES = 150_000
# A request of somebody of staff for an address.
Asked: TypeAlias = Callable[[str], Any]
# By so much a world costs more that was never swept.
UNSWEPT = 1.25
# So many choices of each filter are tried.
CHOICES = 8


@dataclass(frozen=True, slots=True)
class Measured:
    """wanted: the most pages that it may look at. rows: that it came upon in one table. bytes: of the answer."""

    what: str
    wanted: int
    buffers: int
    rows: int = 0
    bytes: int = 0
    statements: tuple[Cost, ...] = ()

    @property
    def met(self) -> bool:
        return self.buffers <= self.wanted and self.bytes <= BYTES

    def __str__(self) -> str:
        dearest = max(self.statements, key=lambda cost: (cost.rows, cost.buffers), default="")
        return f"{self.what}: {self.buffers} buffers of {self.wanted}, {self.rows} rows, {self.bytes} bytes; {dearest}"


def measured(what: str, wanted: int, do: Callable[[], Any]) -> Measured:
    """do: its answer's content counts, if it is bytes."""
    with costs() as made:
        answer = do()
    size = len(answer) if isinstance(answer, bytes) else 0
    return Measured(what, wanted, buffers(made), max((cost.rows for cost in made), default=0), size, tuple(made))


def ticks() -> Iterator[Measured]:
    """Of each second and each minute what the clock starts, when nothing is left to do of what it finds first."""
    _, started = service_tables()
    for name, wanted in WANTED.items():
        # Dead letters are the broker's; of the database it reads what is not published.
        jobs = [job for job in started.get(name, ()) if job is not measure_backlog]
        if name == "clock.second":
            jobs.append(_take)
        else:
            jobs.append(_oldest)
        _one_after_the_other(jobs)
        yield measured(name, wanted, partial(_one_after_the_other, jobs))


def _one_after_the_other(jobs: Iterable[Callable[[], object]]) -> None:
    for job in jobs:
        job()


def _take() -> None:
    """As a relay that was started just now."""
    with connection.cursor() as cursor:
        cursor.execute(outbox_table.TAKE, [UUID(int=0), relay.BATCH])


def _oldest() -> None:
    with connection.cursor() as cursor:
        cursor.execute(outbox_table.OLDEST_AGE)


def lists(user: Any, staff: StaffToken | None = None, *, choices: int = CHOICES) -> Iterator[Measured]:
    """Of every page of the admin site its list: as it opens, by each filter, in each order, and searched.

    As it opens it is the whole page; otherwise the list on it, for nothing else on a page hangs on what it lists.
    staff: what the cookie says of the user, who may be limited to theaters. choices: so many of each filter.
    """
    asked = partial(_request, user, staff)
    for model, page in pages().items():
        name = str(model._meta.model_name)
        place = reverse(f"admin:{model._meta.app_label}_{name}_changelist")
        yield measured(name, OF_A_LIST, partial(_shown, page, asked, place))
        for query, wanted in _queries(page, asked, place, choices):
            yield measured(f"{name} {query}", wanted, partial(_listed, page, asked, place + query))
        if staff is None or staff.theaters is None:  # whose file is read through in the order of everybody's
            yield measured(f"{name} export", OF_A_LIST, partial(_taken_along, page, asked))


def lists_at_theaters(user: Any, staff: StaffToken) -> Iterator[Measured]:
    """lists() of somebody limited to theaters. Of the rows of a list it is asked where they belong: other tables are as
    small in tests as to be sooner read as a whole, which is what no plan for large ones does.
    """
    with connection.cursor() as cursor:
        for way in ("seqscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute("SET LOCAL work_mem = '64kB'")
    for each in lists(user, staff, choices=2):
        filtered = "?" in each.what and each.wanted == OF_A_LIST
        yield replace(each, wanted=OF_A_LIST_AT_THEATERS) if filtered else each


def _queries(page: Any, asked: Asked, place: str, most: int) -> Iterator[tuple[str, int]]:
    listed = page.get_changelist_instance(asked(place))
    for spec in listed.filter_specs:
        choices = [choice["query_string"] for choice in spec.choices(listed) if not choice.get("selected")]
        yield from ((query, OF_A_LIST) for query in choices[:most])
    for number, column in enumerate(listed.list_display):
        if listed.get_ordering_field(column):
            yield f"?o={number}", OF_A_LIST
            yield f"?o=-{number}", OF_A_LIST
    if page.search_fields:
        yield from ((f"?q={word}", OF_A_LIST) for word in SEARCHED)
        paths = [get_fields_from_path(page.model, name.removeprefix("=")) for name in page.search_fields]
        by_id = any(isinstance(path[-1], UUIDField) for path in paths)
        wanted = OF_A_SEARCH_BY_ID if by_id else OF_A_LIST
        yield from ((f"?q={id_}", wanted) for id_ in _ids(page.model))


def reads(client: Any, paths: Iterable[str], *, wanted: int = OF_A_READ) -> Iterator[Measured]:
    """Of lists and other reads of the API; what is cached costs nothing. client: one of django.test, or like it."""
    for path in paths:
        yield measured(path, wanted, partial(_read, client, path))


def desk(user: Any, staff: StaffToken | None, paths: Iterable[str]) -> Iterator[Measured]:
    """Of pages and panels of the service's admin site, as who is signed in there. user, staff: as of lists().

    What is not for them costs what it takes to say so.
    """
    for path in paths:
        yield measured(path, OF_A_LIST, partial(_opened, partial(_request, user, staff), path))


def _opened(asked: Asked, address: str) -> bytes:
    request = asked(address)
    request.resolver_match = found = resolve(request.path)
    with _by_statements():
        try:
            answer = found.func(request, *found.args, **found.kwargs)
        except PermissionDenied:
            return b""
        if isinstance(answer, TemplateResponse):
            answer.render()
    assert answer.status_code in (200, 302), (address, answer.status_code)
    content: bytes = answer.content
    return content


def files(client: Any, paths: Iterable[str], *, rows: int = 100) -> Iterator[Measured]:
    """Of exports by the API, of so many rows. client: as of reads()."""
    for path in paths:
        yield measured(path, OF_A_LIST, partial(_file, client, path, rows))


def _file(client: Any, path: str, rows: int) -> bytes:
    with _of_rows(rows):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.content)
        return b"".join(answer.streaming_content)


def _read(client: Any, path: str) -> bytes:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.content)
    content: bytes = answer.content
    return content


def _ids(model: Any) -> Sequence[Any]:
    """Of the newest row what it has of ids."""
    row = model._base_manager.order_by("-pk").first()
    fields = [
        field
        for field in model._meta.concrete_fields
        if isinstance(field.target_field if field.is_relation else field, UUIDField)
    ]
    return [] if row is None else [value for field in fields if (value := getattr(row, field.attname))]


def _shown(page: Any, asked: Asked, address: str) -> bytes:
    answer = page.changelist_view(asked(address))
    assert answer.status_code == 200, address
    content: bytes = answer.render().content
    return content


def _listed(page: Any, asked: Asked, address: str) -> None:
    list(page.get_changelist_instance(asked(address)).result_list)


def _taken_along(page: Any, asked: Asked) -> bytes:
    """As many rows as a page of the list has: a file of more costs so much more, and nothing before its first row."""
    with _of_rows(page.list_per_page):
        return b"".join(page.export(asked("/"), CSV).streaming_content)


@contextmanager
def _of_rows(most: int) -> Iterator[None]:
    """Files of so many rows."""
    with _by_statements(), override_settings(EXPORTED_ROWS=most):
        yield


def _by_statements() -> AbstractContextManager[object]:
    """A cursor of the server's explains nothing."""
    return patch.dict(connection.settings_dict, DISABLE_SERVER_SIDE_CURSORS=True)


def _request(user: Any, staff: StaffToken | None, address: str) -> Any:
    request: Any = RequestFactory().get(address)
    request.user, request.staff, request.session = user, staff, SessionStore()
    request._messages = default_storage(request)
    return request


def assert_bounded(found: Iterable[Measured], *, rows: int = 12_000) -> None:
    """Each costs no more than is wanted, and comes upon no more rows of a table than that, of which there are more.

    A filter counts up to a thousand rows: where each tenth is one of its, that is ten thousand. Nothing has swept what
    a test has loaded: an index alone does not say there which rows are to be seen, and some pages more are looked at.
    """
    all_of_it = list(found)
    assert all_of_it
    over = [
        each for each in all_of_it if each.buffers > UNSWEPT * each.wanted or each.bytes > BYTES or each.rows > rows
    ]
    assert not over, "\n".join(map(str, over))

"""The desk's page of takings: what it shows of which days, and the files of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter
from payments import tasks
from payments.takings_charts import chart
from tests.sales import SHOWTIME, THEATER, give_back, paid

pytestmark = pytest.mark.django_db
Deliver = Callable[..., bool]
PAGE = "/admin/payment/takings/"
TODAY = (datetime.now(UTC) + timedelta(hours=7)).date()


@pytest.fixture
def manager(client: Client) -> Client:
    enter(client, "manager")
    return client


@pytest.fixture
def sales(deliver: Deliver) -> None:
    """Two at one theater, of which a part went back, and one of another film at another one."""
    paid(deliver)
    give_back(paid(deliver), amount=30_000)
    other = {**SHOWTIME, "theater_name": "Marquee Huế", "movie_title": "=Long Shot"}
    paid(deliver, theater=uuid7(), showtime=other)
    tasks.sum_up_takings()


def lines(manager: Client, query: str) -> list[str]:
    answer = manager.get(f"{PAGE}export.csv?{query}")
    assert answer.status_code == 200
    return b"".join(answer).decode().splitlines()


@pytest.mark.parametrize(("role", "status"), [("support", 403), ("manager", 200), ("admin", 200)])
def test_who_may_see_what_was_taken(client: Client, role: str, status: int) -> None:
    enter(client, role)
    assert client.get(PAGE).status_code == status
    assert client.get(f"{PAGE}export.csv").status_code == status


def test_the_week_is_shown_by_day_with_a_picture_and_its_table(manager: Client, sales: None) -> None:
    page = manager.get(PAGE).content.decode()
    assert page.count("<rect") == 7
    assert "<h2>By day</h2>" in page
    assert "525,000 VND" in page  # the bar, and its row in the table
    assert ">555,000<" in page
    assert ">30,000<" in page
    assert "Reductions and promotions" in page
    assert "not in here yet" not in page


def test_receipts_that_are_not_added_up_yet_are_named(manager: Client, deliver: Deliver) -> None:
    paid(deliver)
    page = manager.get(PAGE).content.decode()
    assert "1 receipt of a moment ago is not in here yet" in page
    assert "Nothing was taken on these days." in page


def test_what_days_come_to_is_all_of_it_however_few_rows_a_file_may_have(
    manager: Client, sales: None, settings: Any
) -> None:
    settings.EXPORTED_ROWS = 1
    page = manager.get(f"{PAGE}?by=theater").content.decode()
    assert ">555,000<" in page
    assert len(lines(manager, "by=theater")) == 2
    settings.EXPORTED_ROWS = 0
    assert ">555,000<" in manager.get(PAGE).content.decode()


def test_a_file_has_a_row_of_what_it_is_added_up_by(manager: Client, sales: None) -> None:
    days = f"first={TODAY}&last={TODAY}"
    by_theater = lines(manager, f"{days}&by=theater&by=film")
    assert by_theater[0].startswith("theater,film,currency,tickets,returned,gross,of which reduced,given back,")
    assert by_theater[1:] == [
        "Marquee Bến Thành,The Lantern Keeper,VND,4,0,370000,18000,30000,0,18179,321821,0,0,0",
        "Marquee Huế,'=Long Shot,VND,2,0,185000,9000,0,0,9892,175108,0,0,0",
    ]
    assert len(lines(manager, f"{days}&by=day&by=type&theater={THEATER}")) == 3
    assert lines(manager, f"{days}&by=type&film=The Lantern Keeper")[1].startswith("no ticket in particular,VND,0")
    assert lines(manager, "first=2020-01-01&last=2020-01-02&by=day") == by_day_heading(manager, days)
    assert AuditRecord.objects.filter(action="takings.exported").count() == 5


def by_day_heading(manager: Client, days: str) -> list[str]:
    return [lines(manager, f"{days}&by=day")[0]]


def test_a_workbook_has_numbers(manager: Client, sales: None) -> None:
    answer = manager.get(f"{PAGE}export.xlsx?first={TODAY}&last={TODAY}&by=day")
    sheet = load_workbook(BytesIO(b"".join(answer))).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:5] == [TODAY.isoformat(), "VND", 6, 0, 555_000]


@pytest.mark.parametrize(
    "query",
    [
        "first=2026-02-31&last=2026-03-01",
        "first=2026-03-02&last=2026-03-01",
        "first=2020-01-01&last=2026-03-01",
        "theater=nowhere",
        "theater=0199f0d2-0000-7000-8000-000000000000",
        "by=weather",
        "film=%00",
        f"film={'x' * 201}",
    ],
)
def test_odd_questions_are_refused(manager: Client, query: str) -> None:
    assert manager.get(f"{PAGE}?{query}").status_code == 400
    assert manager.get(f"{PAGE}export.csv?{query}").status_code == 400


def test_there_are_files_of_some_kinds_alone(manager: Client) -> None:
    assert manager.get(f"{PAGE}export.exe").status_code == 404
    assert manager.post(PAGE).status_code == 405


def test_bars_stand_above_the_line_or_hang_below_it() -> None:
    days = [TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=2)]
    drawn = chart("EUR", days, {days[0]: 300, days[2]: -100})
    assert (drawn.width, drawn.zero, drawn.highest) == (30, 75, "3.00 EUR")
    assert [(bar.y, bar.height) for bar in drawn.bars] == [(0, 75), (75, 0), (75, 25)]
    assert [bar.height for bar in chart("EUR", days, {}).bars] == [0, 0, 0]

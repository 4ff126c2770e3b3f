"""What is planned in bulk follows price lists, on its new day as on its old one."""

from datetime import timedelta
from typing import Any

import pytest
from bodies import problem
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import (
    FOR_CHILDREN,
    PRICES,
    MovieFactory,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    follow,
    next_week,
)
from test_planning import item

from catalog import copying, drafts, price_lists, tasks
from catalog.models import Screen, Showtime, Theater
from catalog.tariff_models import PriceList

pytestmark = pytest.mark.django_db
DEARER = {category: amount + 10_000 for category, amount in PRICES.items()}


@pytest.fixture
def price_list(db: None) -> PriceList:
    made: PriceList = PriceListFactory(theater=TheaterFactory())
    return made


@pytest.fixture
def screen(price_list: PriceList) -> Screen:
    made: Screen = ScreenFactory(theater=price_list.theater)
    return made


def by_list(screen: Screen, price_list: PriceList, **fields: Any) -> dict[str, Any]:
    body = item(MovieFactory(), screen, price_list_id=str(price_list.id), **fields)
    del body["prices"]
    return body


def listed(theater: Theater) -> list[Showtime]:
    return list(Showtime.objects.filter(theater=theater).prefetch_related("prices").order_by("starts_at"))


def test_a_batch_follows_lists_and_says_which_it_does_not_know(manager: Any, screen: Any, price_list: Any) -> None:
    stranger = PriceListFactory(theater=TheaterFactory())
    later = (next_week() + timedelta(hours=3)).isoformat()
    items = [by_list(screen, price_list), by_list(screen, stranger, starts_at=later)]
    body = problem(manager.post("/showtimes:batch", {"items": items}), 409, "plan_refused")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [
        ("/items/1/price_list_id", "price_list_not_found")
    ]
    assert manager.post("/showtimes:batch", {"items": items[:1]}).status_code == 200
    [made] = listed(price_list.theater)
    assert (made.price_list_id, made.amounts) == (price_list.id, PRICES)
    assert made.tariff is not None
    assert made.tariff["prices"]["child"] == FOR_CHILDREN


def test_a_batch_may_price_types_by_itself(manager: Any, screen: Any, price_list: Any) -> None:
    child = {"standard": {"amount": 0, "currency": "VND"}}
    body = {"items": [item(MovieFactory(), screen, type_prices={"child": child})], "publish": True}
    assert manager.post("/showtimes:batch", body).status_code == 200
    [made] = listed(price_list.theater)
    assert made.tariff is not None
    assert made.tariff["prices"] == {"adult": PRICES, "child": {"standard": 0}}


def test_a_copy_follows_the_list_of_its_original_or_costs_what_that_does(screen: Any, price_list: Any) -> None:
    first = ShowtimeFactory(screen=screen, starts_at=next_week(5))
    follow(first, price_list)
    ShowtimeFactory(screen=screen, starts_at=next_week(10))
    day = next_week(5).date()
    made = copying.copy_plan(theater_id=price_list.theater_id, first=day, days=1, to=[day + timedelta(days=1)])
    copies = made.plan.showtimes
    assert [copy.price_list_id for copy in copies] == [price_list.id, None]
    assert [copy.amounts for copy in copies] == [PRICES, PRICES]


def test_a_draft_is_published_at_what_its_list_says_then(screen: Any, price_list: Any, emitted: Any) -> None:
    draft = ShowtimeFactory(screen=screen, status="draft")
    follow(draft, price_list)
    price_lists.change_price_list(
        theater_id=price_list.theater_id, price_list_id=price_list.id, prices={"adult": DEARER, "child": FOR_CHILDREN}
    )
    while tasks.tell_of_changes():
        pass
    assert emitted() == []
    drafts.publish_drafts(showtime_ids=[draft.id])
    (told,) = emitted("showtime.scheduled")
    assert told.data["prices"] == told.data["tariff"]["prices"]["adult"] == DEARER
    assert listed(price_list.theater)[0].amounts == DEARER


def test_the_statements_of_a_batch_do_not_grow_with_its_lists(manager: Any, screen: Any, price_list: Any) -> None:
    def statements(count: int, *, days: int) -> int:
        starts = [(next_week(1, days=days) + timedelta(hours=3 * n)).isoformat() for n in range(count)]
        items = [by_list(screen, price_list, starts_at=start) for start in starts]
        with CaptureQueriesContext(connection) as made:
            assert manager.post("/showtimes:batch", {"items": items}).status_code == 200
        return len(made)

    assert statements(1, days=7) == statements(6, days=10)

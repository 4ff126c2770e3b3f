"""Pages by cursor: rows come and go between them, and each that stays is told once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from things.models import Thing

from chassis.testing_lists import list_routes
from chassis.web.pages import CursorPage

pytestmark = pytest.mark.django_db
ORDERINGS = ["id", "-id", ("size", "id"), ("-size", "-id"), ("name", "size", "id")]
# Few sizes and names, so that many rows are alike but for their id.
THINGS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["a", "Ă", "a,b", '"'])), max_size=14)


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is not there afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def make(things: list[tuple[int, str]]) -> None:
    Thing.objects.bulk_create(Thing(size=size, name=name) for size, name in things)


def page(address: str, ordering: Any) -> tuple[list[str], str | None, str | None]:
    """The ids of a page, and the addresses of the next and the previous one."""
    pages = CursorPage(ordering)
    rows = pages.paginate_queryset(Thing.objects.all(), Request(APIRequestFactory().get(address)))
    links = pages.get_paginated_response([]).data
    return [str(row.id) for row in rows], links["next"], links["previous"]


def every_id(ordering: Any) -> list[str]:
    names = [ordering] if isinstance(ordering, str) else ordering
    return [str(id_) for id_ in Thing.objects.order_by(*names).values_list("id", flat=True)]


@given(THINGS, st.integers(1, 5), st.sampled_from(ORDERINGS), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_row_that_stays_is_told_once_whatever_goes_and_comes(
    things: list[tuple[int, str]], size: int, ordering: Any, data: st.DataObject
) -> None:
    with undone():
        make(things)
        told: list[str] = []
        stayed = set(every_id(ordering))
        address: str | None = f"/things?page_size={size}"
        while address:
            found, address, _ = page(address, ordering)
            told += found
            gone = data.draw(st.sets(st.sampled_from(sorted(stayed)), max_size=3)) if stayed else set()
            Thing.objects.filter(id__in=gone).delete()
            stayed -= gone
            make(data.draw(st.lists(st.tuples(st.integers(0, 2), st.just("new")), max_size=1)))
            if len(told) > 60:  # rows that come may lengthen the way, not without end
                break
        assert len(told) == len(set(told))
        if address is None:
            assert stayed <= set(told)


@given(THINGS, st.integers(1, 5), st.sampled_from(ORDERINGS))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_way_back_leads_over_the_same_pages(things: list[tuple[int, str]], size: int, ordering: Any) -> None:
    with undone():
        make(things)
        there: list[list[str]] = []
        address, back = f"/things?page_size={size}", None
        following: str | None = address
        while following:
            found, following, back = page(following, ordering)
            there.append(found)
        assert [id_ for found in there for id_ in found] == every_id(ordering)
        returned = [there[-1]]
        while back:
            found, _, back = page(back, ordering)
            returned.insert(0, found)
        # A first page that is reached from behind is as long as what was left for it.
        assert [id_ for found in returned for id_ in found] == every_id(ordering)


def test_from_a_page_that_emptied_the_way_back_skips_nothing() -> None:
    make([(0, "a")] * 3)
    first, following, _ = page("/things?page_size=2", "id")
    Thing.objects.exclude(id__in=first).delete()
    assert following
    found, onwards, back = page(following, "id")
    assert (found, onwards) == ([], None)
    assert back
    assert page(back, "id")[0] == first


def test_a_cursor_of_another_list_is_refused_or_leads_somewhere(sign_in: Any) -> None:
    make([(0, "a")] * 3)
    _, following, _ = page("/things?page_size=1", ("size", "id"))
    assert following
    answer = sign_in().get(following)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_list_in_two_directions_is_refused_when_it_is_written() -> None:
    with pytest.raises(ValueError, match="one direction"):
        CursorPage(("-size", "id"))


def test_lists_are_found_by_what_they_take() -> None:
    assert list_routes() == {"things"}

"""What tokens say of theaters, and who has a part in what belongs to one."""

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from chassis.ids import uuid7
from chassis.testing import access_token
from chassis.testing_staff import staff_token
from chassis.theaters import claim_of, theaters_in, works_at
from chassis.web import staff_tokens
from chassis.web.problems import Unauthenticated
from chassis.web.theaters import may_at, theaters_of
from chassis.web.tokens import verify

HERE, ELSEWHERE = uuid7(), uuid7()
# Of no token of auth's: what is not understood is never taken for no limit.
ODD = ["", str(HERE), None, {}, [None], [1], ["x"], [[str(HERE)]]]


def asked_by(theaters):
    request = RequestFactory().get("/")
    request.staff = staff_token("support", theaters=theaters)
    return request


@pytest.mark.parametrize("theaters", [None, frozenset({HERE}), frozenset({HERE, ELSEWHERE})])
def test_a_claim_says_what_it_was_made_of(theaters):
    assert theaters_in(claim_of(theaters)) == theaters
    assert staff_tokens.read(staff_token("support", theaters=theaters).text).theaters == theaters


def test_a_token_from_before_there_was_a_limit_has_none_and_neither_has_an_empty_list():
    assert theaters_in({}) is None
    assert theaters_in({"theaters": []}) is None


@pytest.mark.parametrize("odd", ODD)
def test_a_claim_that_is_not_understood_is_no_token(odd):
    with pytest.raises(Unauthenticated):
        verify(access_token(user_id=uuid7(), roles=("support",), theaters=odd))


def test_what_belongs_to_no_theater_is_for_whoever_has_no_limit():
    assert works_at(None, HERE)
    assert works_at(None, None)
    assert works_at(frozenset({HERE}), HERE)
    assert not works_at(frozenset({HERE}), ELSEWHERE)
    assert not works_at(frozenset({HERE}), None)


def test_both_doors_are_asked_alike():
    by_page = asked_by(frozenset({HERE}))
    by_api = Request(RequestFactory().get("/"))
    by_api.user = verify(access_token(user_id=uuid7(), roles=("support",), theaters=[str(HERE)]))
    for request in (by_page, by_api):
        assert theaters_of(request) == {HERE}
        assert may_at(request, HERE)
        assert not may_at(request, ELSEWHERE)
    assert theaters_of(asked_by(None)) is None


def test_a_permission_is_had_where_its_holder_works():
    caller = verify(access_token(user_id=uuid7(), roles=("support",), theaters=[str(HERE)]))
    assert caller.may_at(HERE, "view_auditrecord") is caller.may("view_auditrecord")
    assert not caller.may_at(ELSEWHERE, "view_auditrecord")

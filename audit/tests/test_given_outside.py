"""What the house gave back itself, which its ledger has and the card gateway's record has not."""

import pytest
from planted import PAYMENT, TOTAL, found, given_outside, ledger, violated

from audit.auditing import look


def test_what_the_house_gave_back_is_where_the_gateways_record_may_differ(cancelled):
    given_outside(cancelled, TOTAL)
    assert violated(cancelled) == set()
    assert look(cancelled.sources(has_record=False)).violations == []


def test_what_went_back_by_the_house_and_by_the_gateway_is_found(cancelled):
    given_outside(cancelled, TOTAL)
    cancelled.gateway.entries[0]["refunded_amount"] = TOTAL
    assert found(cancelled) == {7: (f"payment {PAYMENT}: refunded is 0 here and {TOTAL} at the gateway",)}


def test_what_the_house_gave_back_and_its_ledger_does_not_know_is_found(cancelled):
    given_outside(cancelled, TOTAL)
    ledger(cancelled, PAYMENT, customer=0, authorised=0, cash=0)
    assert violated(cancelled) == {7}


@pytest.mark.parametrize("changed", [{"outside": ""}, {"outside": "provider"}, {"amount": 1}, {"status": "failed"}])
def test_a_ledger_with_more_than_the_house_gave_back_is_found(cancelled, changed):
    given_outside(cancelled, TOTAL)
    cancelled.change("payment", "refunds", **changed)
    assert 7 in violated(cancelled)

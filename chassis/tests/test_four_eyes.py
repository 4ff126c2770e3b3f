"""Who may decide on what is somebody else's."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.four_eyes import ADDRESS_SETTLES, Objection, objection
from chassis.ids import uuid7

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLERK, CUSTOMER = uuid7(), uuid7()


@pytest.mark.parametrize(
    ("owner", "changed_at", "wanted"),
    [
        (CLERK, None, Objection.OWN),
        (CLERK, NOW, Objection.OWN),
        (CUSTOMER, None, None),
        (CUSTOMER, NOW, Objection.ADDRESS_CHANGED),
        (CUSTOMER, NOW - ADDRESS_SETTLES + timedelta(seconds=1), Objection.ADDRESS_CHANGED),
        (CUSTOMER, NOW - ADDRESS_SETTLES, None),
    ],
)
def test_nobody_decides_alone_on_their_own_or_where_they_changed_the_address(owner, changed_at, wanted):
    assert objection(actor_id=CLERK, owner_id=owner, changed_at=changed_at, now=NOW) is wanted

"""Who may decide on what is somebody else's."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.four_eyes import ADDRESS_SETTLES, Objection, objection
from chassis.ids import uuid7

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLERK, COLLEAGUE, CUSTOMER = uuid7(), uuid7(), uuid7()


@pytest.mark.parametrize(
    ("owner", "changed_by", "changed_at", "wanted"),
    [
        (CLERK, None, None, Objection.OWN),
        (CLERK, CLERK, NOW, Objection.OWN),
        (CUSTOMER, None, None, None),
        (CUSTOMER, CLERK, NOW, Objection.ADDRESS_CHANGED),
        (CUSTOMER, CLERK, NOW - ADDRESS_SETTLES + timedelta(seconds=1), Objection.ADDRESS_CHANGED),
        (CUSTOMER, CLERK, NOW - ADDRESS_SETTLES, None),
        (CUSTOMER, COLLEAGUE, NOW, None),
        (CUSTOMER, CLERK, None, None),
    ],
)
def test_nobody_decides_alone_on_their_own_or_where_they_changed_the_address(owner, changed_by, changed_at, wanted):
    said = objection(actor_id=CLERK, owner_id=owner, email_changed_by=changed_by, email_changed_at=changed_at, now=NOW)
    assert said is wanted

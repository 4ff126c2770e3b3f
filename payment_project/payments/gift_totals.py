"""What gift cards are good for altogether, which the house owes: counted on from line to line of their ledger.

Adding up all cards would cost more from year to year. So a row of each currency has the sum up to a line, and only what
came since is added.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from chassis.ids import first_uuid7_at
from chassis.storage.database import execute, lock_names

# A line has the time of its making in its id; whoever wrote it has committed, or was cut off, long before this.
SETTLED_AFTER = timedelta(minutes=10)

_FIRST = "00000000-0000-0000-0000-000000000000"
_UNTIL = f"coalesce((SELECT until FROM gift_cards_owed ORDER BY until DESC LIMIT 1), '{_FIRST}')"  # noqa: S608  (ours)
_SINCE = f"""
SELECT currency, sum(amount) FROM gift_card_lines
WHERE id > {_UNTIL} AND account IN ('balance', 'reserved')
"""  # noqa: S608  (a part of the text)
_COUNT_ON = f"""
WITH added AS ({_SINCE} AND id <= %(until)s GROUP BY currency)
INSERT INTO gift_cards_owed AS owed (currency, amount, until)
SELECT currency, coalesce(added.sum, 0), %(until)s FROM added FULL JOIN gift_cards_owed USING (currency)
ON CONFLICT (currency) DO UPDATE
SET amount = owed.amount + excluded.amount, until = greatest(owed.until, excluded.until)
"""  # noqa: S608  (a part of the text)


def owed() -> Mapping[str, int]:
    """In minor units, by currency: balances, and what payments under way hold of them."""
    with transaction.atomic():
        lock_names(["gift cards owed"])
        execute(_COUNT_ON, {"until": first_uuid7_at(timezone.now() - SETTLED_AFTER)})
    with connection.cursor() as cursor:
        cursor.execute("SELECT currency, amount FROM gift_cards_owed")
        sums = Counter(dict(cursor.fetchall()))
        cursor.execute(f"{_SINCE} GROUP BY currency")
        for currency, amount in cursor.fetchall():
            sums[currency] += int(amount)
    return dict(sums)

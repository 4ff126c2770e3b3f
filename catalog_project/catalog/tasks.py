"""What the clock starts; every round is bounded."""

import time

from catalog import naming, occupancy, posters, untold
from chassis.telemetry import metrics

BATCH = 200
SECONDS = 4.0

UNTOLD = metrics.gauge(
    "catalog_changes_untold",
    "Changed movies, theaters, screens and price lists whose showtimes to come are still being told",
)


def tell_of_changes() -> int:
    """Tells the showtimes to come of what changed, BATCH a transaction, for at most SECONDS; how many."""
    until = time.monotonic() + SECONDS
    told = 0
    while (batch := untold.tell_batch(limit=BATCH)) is not None:
        told += batch
        if time.monotonic() > until:
            break
    return told


def measure() -> None:
    UNTOLD.set(untold.count_untold())


def prune_occupancy() -> int:
    """Drops the seats taken of showtimes that are over; how many rows there were."""
    return occupancy.prune_occupancy()


def name_films() -> int:
    """Names films that were written without a name in addresses, BATCH of them; how many."""
    return naming.name_films(limit=BATCH)


def prune_pictures() -> int:
    """Drops pictures that no film has had for a day; how many."""
    return posters.prune_pictures()

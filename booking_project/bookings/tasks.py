"""What the clock starts; every round is bounded."""

from collections.abc import Callable

from bookings import blocks, closures, endings, forgetting, metrics, moves, occupancy, screen_moves
from chassis.storage import address_changes, guest_claims

BATCH = 200
ROUNDS = 10


def expire_holds() -> int:
    """Ends the holds that ran out, up to ROUNDS batches; how many."""
    return _in_batches(endings.expire_holds)


def cancel_bookings_of_cancelled_showtimes() -> int:
    """Ends the bookings of showtimes that were cancelled, up to ROUNDS batches; how many."""
    return _in_batches(closures.cancel_bookings)


def end_blocks() -> int:
    """Puts seats back on sale that were kept off it until now, up to ROUNDS batches; how many."""
    return _in_batches(blocks.end_blocks)


def reseat_moved() -> int:
    """Seats the bookings of showtimes that are in another screen by now, as many as one batch has; of how many."""
    return screen_moves.reseat_moved()


def tell_of_moves() -> int:
    """Tells the bookings of moved showtimes, and closes moves that all are told of, up to ROUNDS batches; how many."""
    return _in_batches(moves.tell_of_moves)


def settle_cancellations() -> int:
    """Closes the cancellations whose bookings have all ended, up to ROUNDS batches; how many."""
    return _in_batches(closures.settle)


def forget_seats() -> int:
    """Forgets the seats of showtimes that are long over, in batches for as long as a tick may last; of how many."""
    return forgetting.forget_seats(before_that=occupancy.keep)


def forget_address_changes() -> int:
    """Drops what no rule asks for any more; how many there were."""
    return address_changes.forget()


def follow_claims() -> int:
    """Bookings that came after their guest was claimed, of late; how many."""
    return guest_claims.follow("bookings")


def follow_old_claims() -> int:
    """Those that came out of a dead letter; how many. Claims that nothing can come late for are dropped."""
    followed = guest_claims.follow("bookings", since=guest_claims.EVER)
    guest_claims.forget()
    return followed


def measure() -> None:
    metrics.measure()


def _in_batches(sweep: Callable[..., int]) -> int:
    total = 0
    for _ in range(ROUNDS):
        swept = sweep(limit=BATCH)
        total += swept
        if swept < BATCH:
            break
    return total

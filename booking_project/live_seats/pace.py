"""When a watched showtime is read: soon after it was woken, again a little later, and by itself now and then."""

from chassis.jitter import jittered

# A lock is told of before the booking that takes it is committed, by as long as that statement takes: what the first
# reading misses a later one finds (seconds after the wake).
AFTER_A_WAKE = (0.05, 0.25, 0.7, 1.5, 3.0)
WAKE_ENDS = AFTER_A_WAKE[-1] + 1.0
# Between readings of one showtime, at least: five a second.
GAP = 0.2
# Whoever has thousands of sockets to tell takes a while: half of the processor's time goes to something else. By the
# clock a busy machine makes telling longer: resting as long again would make what is told older, and nothing easier.
REST = 1.0
LONGEST_GAP = 0.5
# What nobody tells (a hold that lapses, a price that changes at a time) is found by looking, and everything else while
# Redis is away. So many looks a second at most, over all showtimes.
LOOK_SECONDS = 5.0
LOOK_SECONDS_ALONE = 1.0
LOOKS_PER_SECOND = 50
AGAIN_AFTER_FAILURE = 1.0


def look_seconds(showtimes: int, *, alone: bool) -> float:
    """How long each of so many showtimes goes without a look. alone: nobody wakes it, for Redis is away."""
    return max(LOOK_SECONDS_ALONE if alone else LOOK_SECONDS, showtimes / LOOKS_PER_SECOND)


class Pace:
    """Of one showtime; all times are seconds of one clock that never goes back. due: when it is read next."""

    def __init__(self, now: float) -> None:
        self.due = now
        self.woken_at: float | None = None
        self._read_at = float("-inf")
        self._gap = GAP

    def wake(self, now: float) -> None:
        self.woken_at = now
        self._bring_forward(now + AFTER_A_WAKE[0])

    def look_within(self, seconds: float, now: float) -> None:
        self._bring_forward(now + seconds)

    def has_read(self, started: float, *, look: float) -> None:
        """started: when that reading began: a wake after it calls for another one."""
        self._read_at = started
        later = [] if self.woken_at is None else [self.woken_at + after for after in AFTER_A_WAKE]
        follow_up = next((at for at in later if at > started), float("inf"))
        self.due = max(min(follow_up, started + jittered(look, by=0.1)), started + self._gap)

    def has_failed(self, started: float, now: float) -> None:
        """That reading did; without a spread all of them would try again at once."""
        self._read_at = started
        self.due = max(now + jittered(AGAIN_AFTER_FAILURE), started + self._gap)

    def has_told(self, seconds: float) -> None:
        """seconds: of the processor, which telling took."""
        self._gap = min(max(GAP, seconds * (1 + REST)), LONGEST_GAP)

    def _bring_forward(self, at: float) -> None:
        self.due = min(self.due, max(at, self._read_at + self._gap))

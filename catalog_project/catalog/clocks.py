"""Times as the clocks of a theater show them: where such a clock jumps, a time is shown twice or not at all."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


class WrongClock(ValueError):
    """code: a stable word for what is the matter. The text is a sentence for whoever typed the time."""

    code = "time_is_wrong"


class NoSuchTime(WrongClock):
    """The clocks jump over it."""

    code = "time_does_not_exist"


class TimeIsTwice(WrongClock):
    """The clocks show it twice, and nobody said which is meant."""

    code = "time_is_twice"


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What a clock shows. wall: without an offset. fold: 0 the first and 1 the second time that it shows that."""

    wall: datetime
    fold: int | None = None

    def at(self, zone: ZoneInfo) -> datetime:
        """The moment at which the clocks of the zone show it, with the offset they have then.

        Where they show it once, fold says nothing. Raises NoSuchTime, TimeIsTwice.
        """
        first, second = (self.wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        # PEP 495: in a gap the offset of fold 0 is that of before, and so the smaller one; in an overlap the larger.
        before, after = _offset(first), _offset(second)
        if before == after:
            return first
        if before < after:
            raise NoSuchTime(
                f"The clocks in {zone.key} jump over {self.wall:%H:%M} on {self.wall:%d %b %Y}: there is no such time."
            )
        if self.fold is None:
            raise TimeIsTwice(
                f"The clocks in {zone.key} show {self.wall:%H:%M} twice on {self.wall:%d %b %Y}:"
                f" say which, the first ({first:%z}) or the second ({second:%z})."
            )
        return second if self.fold else first


def local_time(moment: datetime, zone: ZoneInfo) -> LocalTime:
    """What the clocks of the zone show at that moment; fold only where they show it twice."""
    shown = moment.astimezone(zone)
    twice = _offset(shown.replace(fold=0)) > _offset(shown.replace(fold=1))
    return LocalTime(shown.replace(tzinfo=None, fold=0), shown.fold if twice else None)


def on_another_day(moment: datetime, zone: ZoneInfo, *, days: int, fold: int | None = None) -> LocalTime:
    """The same time of the clocks of the zone, so many days later; fold says which, where it is there twice."""
    return LocalTime(local_time(moment, zone).wall + timedelta(days=days), fold)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins there; where the clocks jump over midnight, when they have jumped."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _offset(moment: datetime) -> timedelta:
    offset = moment.utcoffset()
    assert offset is not None
    return offset

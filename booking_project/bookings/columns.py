"""What the staff pages say of a row: moments by the theater's clock, codes and rules in words, names for ids."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast
from django.utils.html import format_html_join

from bookings import words
from bookings.events import ticket_type_of
from bookings.history import BY_CUSTOMER
from bookings.models import Showtime
from bookings.sales import tariff_of
from bookings.selectors import lines_of
from bookings.terms import rules_of, terms_of
from chassis.ids import is_nobodys
from chassis.money import Money, format_money
from chassis.storage.models import AuditRecord
from chassis.web.day_filter import Day, DayFilter
from chassis.web.searching import REACH, RecentValues

# No clock is further from UTC than this.
_FARTHEST = timedelta(days=1)


def by_the_theater(name: str, *, of: str = "showtime", title: str = "") -> Any:
    """A column of a moment as the clock of the theater shows it. of: where the row has its showtime; "": it is one."""
    moment_of = attrgetter(name)
    showtime_of: Callable[[Any], Showtime] = attrgetter(of) if of else lambda row: row

    @admin.display(description=title or name.replace("_", " "), ordering=name)
    def shown(row: Any) -> str:
        moment = moment_of(row)
        return showtime_of(row).at_the_theater(moment) if moment is not None else "-"

    return shown


def _who(row: Any) -> str:
    """Of a row with `actor_name`: somebody of staff by name, the customer, or a part of the system."""
    if row.actor == str(row.booking.user_id) and is_nobodys(row.booking.user_id):
        return "staff at the counter"
    if getattr(row, "trigger", "") in BY_CUSTOMER or row.actor == str(row.booking.user_id):
        return "the customer"
    return str(row.actor_name or words.ACTORS.get(row.actor, row.actor))


def with_names(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Steps of bookings, and who was let in, with the names of those of staff who did it, from the log of deeds."""
    deeds = AuditRecord.objects.filter(
        subject_type="booking",
        subject_id=Cast(OuterRef("booking_id"), CharField()),
        actor_id=Cast(OuterRef("actor"), CharField()),
    )
    named: QuerySet[Any] = rows.annotate(actor_name=Subquery(deeds.order_by("-id").values("actor_name")[:1]))
    return named


def _why(row: Any) -> str:
    """What people wrote as they wrote it; the system's own word in words."""
    return (row.reason.replace("_", " ") if row.actor in words.ACTORS else row.reason) or "-"


def _sold_as(booking: Any) -> str:
    """What its customer bought, whatever became of it since."""
    terms = terms_of(booking, booking.showtime)
    where = f"{terms.theater_name}, {terms.screen}"
    zone = terms.time_zone or "UTC"
    start = f"{terms.starts_at.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M} {zone}"
    return f"{terms.movie_title} ({terms.format}, {terms.language}) · {where} · {start}"


def _cancellation(booking: Any) -> str:
    return words.cancellation(terms_of(booking, booking.showtime).rules)


def _house_rules(showtime: Any) -> str:
    """Each in a line."""
    said = [f"Cancellation is {words.cancellation(rules_of(showtime.rules))}."]
    if showtime.rules.get("orphan_seat_rule"):
        said.append("No single seat is left over.")
    anybody = showtime.rules.get("accessible_places") == "anybody"
    whom = "anybody" if anybody else "whoever asks for them"
    said.append(f"Wheelchair places and the seats beside them are for {whom}.")
    return format_html_join("", "<div>{}</div>", ([line] for line in said))


def _price_list(showtime: Any) -> str:
    """What each type pays, each in a line; then fees, what comes off, and taxes."""
    tariff, currency = tariff_of(showtime), showtime.currency
    said = []
    for kind in tariff.ticket_types:
        amounts = sorted(tariff.prices.get(kind.code, {}).items(), key=lambda price: (price[1], price[0]))
        counter = "" if kind.online else ", at the counter alone"
        listed = ", ".join(f"{category} {format_money(Money(amount, currency))}" for category, amount in amounts)
        said.append(f"{kind.name}{counter}: {listed or 'not sold'}")
    said += [f"{fee.name}: {format_money(Money(fee.amount, currency))} a {fee.per}" for fee in tariff.fees]
    said += [f"{early.percent} % off {early.name}" for early in tariff.early]
    if tariff.tax.ticket or tariff.tax.fee:
        how = "included" if tariff.tax.included else "on top"
        said.append(f"Tax {how}: {words.rate(tariff.tax.ticket)} of tickets, {words.rate(tariff.tax.fee)} of fees")
    return format_html_join("", "<div>{}</div>", ([line] for line in said))


def _lines(booking: Any) -> str:
    """What the total is made of, each in a line: B1 Adult 90,000 VND, of which tax 4,286 VND (5 %)."""
    names = {str(seat.seat_id): f"{seat} " for seat in booking.seats.all()}

    def money(amount: int) -> str:
        return format_money(Money(amount, booking.currency))

    return format_html_join(
        "",
        "<div>{}{} {}{}</div>",
        (
            (
                names.get(line["seat_id"], ""),
                line["name"],
                money(line["gross"]),
                f", of which tax {money(line['tax'])} ({words.rate(line['rate'])})" if line["rate"] else "",
            )
            for line in lines_of(booking)
        ),
    )


def _ticket(seat: Any) -> str:
    return ticket_type_of(seat).name


# Columns that are functions, where the stubs know names of columns alone.
who: Any = admin.display(description="who")(_who)
why: Any = admin.display(description="why")(_why)
sold_as: Any = admin.display(description="sold as")(_sold_as)
cancellation: Any = admin.display(description="cancellation by the customer")(_cancellation)
house_rules: Any = admin.display(description="the theater's rules")(_house_rules)
price_list: Any = admin.display(description="prices")(_price_list)
lines: Any = admin.display(description="made of")(_lines)
ticket: Any = admin.display(description="ticket")(_ticket)


def sums(amounts: Sequence[Money]) -> str:
    """Of all of them, by currency."""
    total: dict[str, int] = {}
    for money in amounts:
        total[money.currency] = total.get(money.currency, 0) + money.amount
    return ", ".join(format_money(Money(amount, currency)) for currency, amount in sorted(total.items()) if amount)


def on_day(day: Day) -> Q:
    """Of showtimes: those of that day by the clock of their theater. Raises as Day.hours() does."""
    first, behind = day.hours(ZoneInfo("UTC"))
    near = Showtime.objects.filter(starts_at__gte=first - _FARTHEST, starts_at__lt=behind + _FARTHEST)
    that_day = Q(pk=None)
    for zone in near.order_by().values_list("time_zone", flat=True).distinct():
        first, behind = day.hours(ZoneInfo(zone or "UTC"))
        that_day |= Q(time_zone=zone, starts_at__gte=first, starts_at__lt=behind)
    return that_day


class TheaterDayFilter(DayFilter):
    """A day of each theater: a late show in Hanoi is still of the day before in Berlin."""

    title = "day at the theater"
    named = ("today", "tomorrow")

    def of(self, day: Day, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(on_day(day))


class ShowtimeDayFilter(TheaterDayFilter):
    """Of bookings: those of each of the day's showtimes, by the index of that; a join would read every booking."""

    title = "day of the showtime"

    def of(self, day: Day, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(showtime__in=list(Showtime.objects.filter(on_day(day)).values_list("pk", flat=True)))


class ShowtimeTheaterFilter(RecentValues):
    """Of bookings, of which no index has those of a theater: beside a day, all of them are found."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.title: Any = f"theater, of a day or among the newest {REACH // 2}"

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> Any:
        if request.GET.get(ShowtimeDayFilter.parameter_name):
            return admin.AllValuesFieldListFilter.queryset(self, request, queryset)
        return super().queryset(request, queryset)

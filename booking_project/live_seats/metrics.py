from typing import Literal, get_args

from chassis.telemetry import metrics
from live_seats.seat_maps import Message

Reading = Literal["read", "failed"]
CutOff = Literal["slow", "talkative"]
Refusal = Literal["origin", "full", "address", "no_websocket", "unknown", "away"]

SOCKETS = metrics.gauge("live_seats_sockets", "Open sockets", mode="livesum")
SHOWTIMES = metrics.gauge("live_seats_showtimes", "Showtimes that somebody watches", mode="livesum")
TOLD = metrics.histogram("live_seats_told_seconds", "From the wake by Redis to the last socket that was told")
_READS = metrics.counter("live_seats_reads_total", "Seat maps read from the database", ["outcome"])
_SENT = metrics.counter("live_seats_messages_total", "Messages sent to sockets", ["type"])
_CUT_OFF = metrics.counter("live_seats_cut_off_total", "Sockets that were closed", ["reason"])
_REFUSED = metrics.counter("live_seats_refused_total", "Sockets that were not opened", ["reason"])

# Each is told as 0 before the first one: what looks at an increase would miss it.
for _counter, _labels in ((_READS, Reading), (_SENT, Message), (_CUT_OFF, CutOff), (_REFUSED, Refusal)):
    for _label in get_args(_labels):
        _counter.labels(_label)


def has_read(outcome: Reading) -> None:
    _READS.labels(outcome).inc()


def has_sent(kind: Message, *, sockets: int) -> None:
    _SENT.labels(kind).inc(sockets)


def has_cut_off(reason: CutOff) -> None:
    _CUT_OFF.labels(reason).inc()


def has_refused(reason: Refusal) -> None:
    _REFUSED.labels(reason).inc()

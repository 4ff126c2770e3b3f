"""What stands between the decisions of booking and payment in their services (lock, ask the domain, save, tell), in its
shortest form. That the services do the same is what test_any_order.py shows on the real broker and databases.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

from one_saga import (
    Kind,
    Message,
    PaymentStatus,
    Saga,
    State,
    Status,
    Trigger,
    booking_domain,
    booking_exchanges,
    new_payment,
    payment_domain,
    payment_exchanges,
    payment_gift_ledger,
    payment_seats,
)


class Services:
    """`wire` holds what was told and may arrive, or arrive again; `inventory` whose each seat is."""

    happened: ClassVar[set[Any]] = set()
    wire: list[Message]
    inventory: dict[int, Saga]

    def receive(self, message: Message) -> None:  # noqa: C901  (a table: a case for each event)
        saga, fields = message.saga, message.fields
        match message.type:
            case "booking.created":
                saga.paid_with_it = saga.exchange_of is not None
                self.open_payment(saga)
            case "booking.extended":
                saga.payment = self.payment_of(saga)
                saga.payable_until = max(saga.payable_until, fields["until"])
            case "booking.confirmed":
                self.decide(saga, payment_domain.booking_confirmed(self.payment_of(saga)))
            case "booking.rejected" | "booking.expired" | "booking.cancelled" | "booking.failed":
                retained = saga.total - fields["refund"]
                told = {"retained": retained, "seats": fields["seats"], "given_back": fields["due"]}
                self.decide(saga, self.ended(saga, carried=fields["carried"], **told))
            case "booking.reduced" if fields["due"]:
                known = self.payment_of(saga)
                reduced = replace(known, seats=payment_seats.noted(known.seats, fields["due"]))
                self.decide(saga, payment_domain.booking_confirmed(reduced))
            case "payment.authorized":
                self.note(saga, PaymentStatus.AUTHORIZED)
                self.sell(saga, carried=fields["carried"])
            case "payment.completed":
                self.note(saga, PaymentStatus.CAPTURED)
                if saga.state is State.CONFIRMED and not saga.tickets:
                    saga.tickets += 1
                    self.tell(saga, "ticket.issued")
                    self.complete_exchange(saga)
            case "payment.failed":
                capture = fields["stage"] == "capture"
                self.note(saga, PaymentStatus.FAILED if capture else PaymentStatus.DECLINED)
                trigger = booking_domain.payment_failure(saga.state, stage=fields["stage"], final=fields["final"])
                if trigger is not None:
                    self.end(saga, trigger)
            case "payment.voided":
                self.note(saga, PaymentStatus.VOIDED)
            case "payment.refunded":
                self.note(saga, PaymentStatus(fields["status"]))
                saga.known_refunded = max(saga.known_refunded, fields["refunded"])
                self.take_back(saga, PaymentStatus(fields["status"]), fields["kind"], fields["seats"])
            case "booking.checked_in":
                saga.payment = payment_domain.note_let_in(saga.payment, fields["seats"])

    def take_back(self, saga: Saga, status: Any, kind: str, named: dict[int, int]) -> None:
        if saga.state is State.CONFIRMED:
            saga.due |= {seat: amount for seat, amount in named.items() if seat in saga.due.keys() - saga.settled}
            saga.settled |= named.keys()
        trigger, going = booking_domain.refund_takes(
            saga.state, status=status, kind=kind, named=named, seats=saga.has, let_in=saga.let_in
        )
        if trigger is Trigger.REFUNDED:
            self.end(saga, trigger)
        elif trigger is not None:
            saga.advance(trigger)
            saga.given_back_seats |= going
            self.free(saga, going)
            self.tell(saga, "booking.reduced", due=())

    def open_payment(self, saga: Saga) -> None:
        payment = self.payment_of(saga)
        unasked = payment.status is Status.REQUIRES_PAYMENT_METHOD and not payment.under_way
        if not unasked or (saga.card is None and saga.carried < saga.total):
            saga.payment = payment
        elif self.can_be_lent(saga):
            saga.asked_with, saga.ends_booking = saga.card or "good", True
            self.decide(saga, payment_domain.request_authorization(payment, carried=self.noted(saga)))
        else:
            asked = payment_domain.request_authorization(payment).payment
            self.decide(saga, payment_domain.declined(asked, "exchange_not_covered", final=True))
            self.happened.add("not covered")

    @staticmethod
    def noted(saga: Saga) -> int:
        """What is carried to it, as far as payment knows."""
        return saga.carried if saga.paid_with_it else 0

    def can_be_lent(self, saga: Saga) -> bool:
        carried = self.noted(saga)
        return not carried or payment_exchanges.can_lend(saga.exchange_of.payment, carried)

    def ended(self, saga: Saga, *, carried: int, **told: Any) -> Any:
        payment = self.payment_of(saga)
        if carried and payment.booking is not payment_domain.Booking.ENDED:
            going = saga.asked.amount if payment.under_way is Kind.REFUND else 0
            return payment_exchanges.booking_exchanged(payment, carried, going=going, **told)
        return payment_domain.booking_ended(payment, **told)

    def sell(self, saga: Saga, *, carried: int) -> None:
        if saga.state is not State.PENDING:
            return
        if saga.exchange_of is not None and self.is_lost(saga, saga.exchange_of, carried):
            self.end(saga, Trigger.EXCHANGE_LOST)
        elif all(self.may_have(saga, seat) for seat in saga.seats):
            self.inventory |= dict.fromkeys(saga.seats, saga)
            saga.advance(Trigger.SEATS_SOLD)
            self.tell(saga, "booking.confirmed")
        else:
            self.end(saga, Trigger.SEATS_LOST)

    @staticmethod
    def is_lost(saga: Saga, old: Saga, carried: int) -> bool:
        known = {"left": old.known_left, "checked_in": bool(old.let_in)}
        agreed = {"worth": saga.worth, "retained": saga.retained}
        return carried != saga.carried or not booking_exchanges.still_exchangeable(old.state, **known, **agreed)

    def complete_exchange(self, saga: Saga) -> None:
        old = saga.exchange_of
        if old is not None and old.state is State.CONFIRMED:
            self.end(old, Trigger.EXCHANGED, refund=old.total - saga.retained, carried=saga.carried)

    def end(self, saga: Saga, trigger: Any, *, refund: int | None = None, carried: int = 0) -> None:
        had = tuple(saga.has)
        saga.advance(trigger)
        saga.refund = saga.total if refund is None else refund
        self.free(saga, [seat for seat, owner in self.inventory.items() if owner is saga])
        self.tell(
            saga, f"booking.{saga.state.lower()}", refund=saga.refund, seats=had, due=saga.told_due, carried=carried
        )

    def free(self, saga: Saga, seats: Iterable[int]) -> None:
        """With the seats goes the code, once the booking has none of those that it made cheaper."""
        for seat in seats:
            del self.inventory[seat]
        if saga.has_code and not saga.has_what_came_cheaper:
            saga.has_code = False
            self.happened.add("code given back")

    def decide(self, saga: Saga, decision: Any, *, kind: Any = None, seats: dict[int, int] | None = None) -> None:
        """seats: whose money went back, and how much of each."""
        saga.payment = decision.payment
        if decision.ask is not None:
            saga.asked = decision.ask
        for posting in decision.postings:
            saga.ledger[posting.account] += posting.amount
        for line in payment_gift_ledger.lines(decision.gift) if decision.gift else ():
            saga.gift_ledger[line.account] += line.amount
        self.happened.add(decision.gift and decision.gift.move)
        if decision.lends and saga.exchange_of is not None:
            self.decide(saga.exchange_of, payment_exchanges.lend(saga.exchange_of.payment, decision.lends))
        for told in decision.announcements:
            now = {"status": decision.payment.status.value, "refunded": decision.payment.refunded}
            about = {"stage": told.stage, "final": told.final, "carried": decision.payment.carried}
            self.tell(saga, told.type, kind=kind, seats=seats or {}, **about, **now)
            self.happened.add(told.type)

    def tell(self, saga: Saga, event_type: str, **fields: Any) -> None:
        self.wire.append(Message(saga, event_type, fields))

    def note(self, saga: Saga, told: Any) -> None:
        saga.known = booking_domain.advance_payment(saga.known, told)

    def payment_of(self, saga: Saga) -> Any:
        return saga.payment or new_payment(saga)

    def may_have(self, saga: Saga, seat: int) -> bool:
        owner = self.inventory.get(seat)
        return owner is None or owner is saga or (owner.state is State.PENDING and owner.hold_over)

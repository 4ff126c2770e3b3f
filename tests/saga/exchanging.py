"""The model with exchanges: bookings that end for another one of the other showtime, which they pay."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from model import CARDS, Sagas
from one_saga import PRICE, SEATS, Saga, State, Trigger, booking_domain

OPEN = booking_domain.OPEN


class Exchanges(Sagas):
    @rule(
        n=st.integers(0, 50),
        places=st.sets(st.integers(0, SEATS - 1), min_size=1),
        card=st.sampled_from([None, *CARDS]),
        fee=st.sampled_from([0, PRICE // 10, PRICE]),
        by_staff=st.booleans(),
    )
    def exchange(self, n: int, places: set[int], card: str | None, fee: int = 0, by_staff: bool = False) -> None:
        """For more seats it costs more, for fewer or with a fee less comes back; a card pays what is left."""
        old = self.pick(self.sagas, n)
        if old is None or old.state is not State.CONFIRMED or not old.tickets or old.let_in or self.heir_of(old):
            return
        seats = frozenset((1 - old.showtime) * SEATS + place for place in places)
        retained = 0 if by_staff else self.kept_if_cancelled(old, fee)
        saga = Saga(len(self.sagas), seats, card, exchange_of=old, worth=old.known_left - retained, retained=retained)
        if saga.carried == saga.total:
            saga.card = None
        if all(self.may_have(saga, seat) for seat in seats):
            self.inventory |= dict.fromkeys(seats, saga)
            saga.advance(Trigger.HELD)
            self.sagas.append(saga)
            self.tell(saga, "booking.created")
            self.happened.add(("dearer", "as dear", "cheaper")[(saga.worth >= saga.total) + (saga.worth > saga.total)])

    def heir_of(self, old: Saga) -> Saga | None:
        """The open booking that it is exchanged for: there is one at a time."""
        return next((each for each in self.sagas if each.exchange_of is old and each.state in OPEN), None)

    def somebody_acts(self, saga: Saga | None) -> None:
        """Every third time they exchange it, or what they do is done to what is exchanged or to what it is for."""
        if saga is not None and self.chance.random() < 0.35:
            places = self.chance.choice([{0}, {1}, {0, 1}])
            fee, card = self.chance.choice([0, PRICE // 10, PRICE]), self.chance.choice([None, "good", *CARDS])
            self.exchange(saga.number, places, card, fee, by_staff=self.chance.random() < 0.3)
        elif saga is not None and saga.state is State.CONFIRMED and self.chance.random() < 0.05:
            self.cancel(saga.number, "SHOWTIME", 0)
        else:
            super().somebody_acts(saga)

    @invariant()
    def seats_and_money_of_what_was_exchanged_are_those_of_one_booking(self) -> None:
        for saga in getattr(self, "sagas", []):
            heirs = [each for each in self.sagas if each.exchange_of is saga]
            assert sum(each.state in OPEN for each in heirs) <= 1
            good = [each for each in heirs if each.state is State.CONFIRMED and each.tickets]
            assert not (good and saga.state is State.CONFIRMED)
            if saga.history[-1] is Trigger.EXCHANGED:
                assert sum(bool(each.tickets) for each in heirs) == 1

    @invariant()
    def no_money_is_taken_or_given_back_twice(self) -> None:
        """What the card gateway has and gift cards paid is, over all bookings, what these say is there."""
        payments = [saga.payment for saga in getattr(self, "sagas", []) if saga.payment is not None]
        elsewhere = sum(payment.lent + payment.exchanged - payment.to_return for payment in payments)
        carried = sum(payment.carried - self.carried_back(payment) for payment in payments)
        assert elsewhere == carried

    def teardown(self) -> None:
        super().teardown()
        sagas = getattr(self, "sagas", [])
        taken = sum(saga.ledger["cash"] + saga.gift_ledger["redeemed"] for saga in sagas)
        assert taken == sum(saga.payment.captured - saga.payment.refunded - saga.payment.lent for saga in sagas)
        for saga in sagas:
            old = saga.exchange_of
            if old is not None:
                self.happened.add((old.history[-1], saga.history[-1]))
            if old is not None and not saga.tickets:
                assert saga.state is not State.CONFIRMED
                assert saga.payment.carried == 0 or saga.payment.captured

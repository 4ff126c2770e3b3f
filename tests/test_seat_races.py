"""Many at once for the same seats, from real threads."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from client import Answer
from world import Market, Person, World, settled, wait_for_seats

THREADS = 16


def all_at_once(market: Market, bodies: list[dict[str, object]]) -> list[tuple[Person, Answer]]:
    barrier = Barrier(len(bodies))

    def ask(number: int) -> tuple[Person, Answer]:
        customer = market.customers[number % len(market.customers)]
        barrier.wait(20)
        return customer, customer.post("/api/bookings", bodies[number])

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(ask, range(len(bodies))))


def test_of_many_at_once_exactly_one_gets_the_seats(world: World, market: Market) -> None:
    for _ in range(3):
        choice = market.seats(2)
        answers = all_at_once(market, [choice.body("tok_visa")] * THREADS)

        assert Counter(answer.status for _, answer in answers) == {201: 1, 409: THREADS - 1}
        for _, answer in answers:
            if answer.status == 409:
                assert answer.problem(409, "seat_unavailable")["seats"] == sorted(choice.seats)
        [(winner, answer)] = [(who, answer) for who, answer in answers if answer.status == 201]
        settled(winner, answer.json(), "CONFIRMED", "captured")
        wait_for_seats(world, choice, "sold")


def test_choices_that_overlap_in_one_seat_never_share_it(market: Market) -> None:
    row = market.seats(THREADS + 1)
    # With a card: without one, and without a proven address, a customer holds a few seats at most.
    bodies = [
        {"showtime_id": row.showtime, "seat_ids": row.seats[first : first + 2], "payment_method": {"token": "tok_visa"}}
        for first in range(THREADS)
    ]

    answers = all_at_once(market, bodies)

    won = [answer.json() for _, answer in answers if answer.status == 201]
    lost = [answer.problem(409) for _, answer in answers if answer.status != 201]
    sold = [seat["id"] for booking in won for seat in booking["seats"]]
    assert won
    assert len(sold) == len(set(sold))
    assert {problem["code"] for problem in lost} <= {"seat_unavailable", "too_many_holds"}
    # Who is refused after all had their seats locked until then, and others were told so.
    wanted = Counter(
        seat
        for body, (_, answer) in zip(bodies, answers, strict=True)
        if answer.status != 201
        for seat in body["seat_ids"]
    )
    for problem in lost:
        if problem["code"] == "seat_unavailable":
            assert all(seat in sold or wanted[seat] > 1 for seat in problem["seats"]), problem
    # What is still being paid counts against what the same customers may hold next.
    for who, answer in answers:
        if answer.status == 201:
            settled(who, answer.json(), "CONFIRMED", "captured")


def test_different_seats_at_once_are_all_sold(market: Market) -> None:
    choices = [market.seats(1) for _ in range(THREADS)]
    answers = all_at_once(market, [choice.body("tok_visa") for choice in choices])
    assert Counter(answer.status for _, answer in answers) == {201: THREADS}, [answer.body for _, answer in answers]
    for who, answer in answers:
        settled(who, answer.json(), "CONFIRMED", "captured")

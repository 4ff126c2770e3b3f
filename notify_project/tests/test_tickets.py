"""A ticket's mail has the code of each seat."""

import pytest
from factories import ContactFactory, NotificationFactory
from servers import Sink

from notifications import delivery
from notifications.domain import CODE_LIMIT, CODES_LIMIT
from notifications.kinds import KINDS, samples

pytestmark = pytest.mark.django_db


def test_a_ticket_comes_with_its_code_as_an_image(sink: Sink) -> None:
    contact = ContactFactory()
    NotificationFactory(contact=contact, template="ticket")
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert [picture["name"] for picture in mail["attachments"]] == ["ticket-1.png", "ticket-2.png"]
    for number, ticket in enumerate(samples.TICKETS, 1):
        assert f'src="cid:ticket-{number}" alt="Ticket MQ7K2P, seat {ticket["seat"]}"' in mail["html"]
        assert f"Content-ID: <ticket-{number}>" in sink.source(mail)
        assert ticket["code"] in mail["text"].split()
    assert sink.messages(contact.phone) == []


def test_a_ticket_of_before_there_was_one_a_seat_comes_with_its_one_code(sink: Sink) -> None:
    contact = ContactFactory()
    context = {name: value for name, value in KINDS["ticket"].sample.items() if name != "tickets"}
    NotificationFactory(contact=contact, template="ticket", context=context)
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert [picture["name"] for picture in mail["attachments"]] == ["ticket.png"]
    assert "here is your ticket" in mail["text"]
    assert samples.TICKET in mail["text"].split()


def test_the_pictures_of_a_mail_are_bounded_and_the_codes_come_as_letters(sink: Sink) -> None:
    contact = ContactFactory()
    tickets = [{"seat": f"A{number}", "code": f"code-{number}"} for number in range(1, CODES_LIMIT + 6)]
    tickets[0]["code"] = "x" * (CODE_LIMIT + 1)
    sample = KINDS["ticket"].sample
    NotificationFactory(contact=contact, template="ticket", context={**sample, "tickets": tickets})
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert len(mail["attachments"]) == CODES_LIMIT - 1
    assert mail["html"].count("<img") == CODES_LIMIT - 1
    assert all(ticket["code"] in mail["text"] for ticket in tickets)

"""What a receipt's mail says of how it was paid: by card, by gift card, not at all, and of whom nobody told more."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import CLERK
from servers import Sink

from notifications import delivery, services
from notifications.models import Contact, Notification

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]
TIMES = "\N{MULTIPLICATION SIGN}"


def money(amount: int, currency: str = "VND") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def receipt(amount: int, tax: int, *, currency: str = "VND", name: str = "Adult", rate: int = 500) -> dict[str, Any]:
    """Of one ticket."""
    return {
        "id": "019ab1c8-5002-7a00-8000-0000000000d1",
        "number": "R7-000124",
        "lines": [{"kind": "ticket", "name": name, "count": 1, "amount": money(amount, currency), "rate": rate}],
        "taxes": [{"rate": rate, "net": money(amount - tax, currency), "tax": money(tax, currency)}],
        "seller": None,
    }


def lines_of(mail: dict[str, Any]) -> list[str]:
    text: str = mail["text"]
    return text.splitlines()


# What is told, the lines of it from the total on, and what is nowhere in it.
PAID: dict[str, tuple[dict[str, Any], str, list[str], list[str]]] = {
    "by a card whose digits nobody tells": (
        {"gift_card": None, "card_last4": ""},
        "we received your payment of ₫180,000. Thank you.",
        ["Total    ₫180,000", "Tax of 5% in it: ₫7,714", "Tax of 10% in it: ₫1,636", "Card: ₫180,000"],
        ["Gift card", "Card …"],
    ),
    "by a gift card alone": (
        {"gift_card": {"last4": "7K3Q", "amount": money(9000)}, "amount": money(9000), "card_last4": ""}
        | {"receipt": receipt(9000, 429)},
        "your gift card paid all of it, ₫9,000: nothing was charged to a card. This is your receipt.",
        ["Total    ₫9,000", "Tax of 5% in it: ₫429", "Gift card …7K3Q: ₫9,000"],
        ["Thank you", "Card:", "Card …", "Sold by"],
    ),
    "with nothing": (
        {"amount": money(0), "gift_card": None, "card_last4": "", "receipt": receipt(0, 0, rate=0)},
        "there was nothing to pay: nothing was charged. This is your receipt.",
        ["Total    ₫0"],
        ["Thank you", "Card", "Tax", "Sold by"],
    ),
    "as a service of before tells it": (
        {"receipt": None},
        "we received your payment of ₫180,000. Thank you.",
        ["Total    ₫180,000", "Gift card …7K3Q: ₫50,000", "Card …4242: ₫130,000"],
        ["Receipt ", "Tax", "Sold by", TIMES],
    ),
    "in a currency of two digits, at a rate with a fraction": (
        {"amount": money(1299, "EUR"), "gift_card": None, "receipt": receipt(1299, 88, currency="EUR", rate=725)},
        "we received your payment of €12.99. Thank you.",
        ["Total    €12.99", "Tax of 7.25% in it: €0.88", "Card …4242: €12.99"],
        ["Sold by"],
    ),
    "in a currency of three digits": (
        {"amount": money(4500, "BHD"), "gift_card": None, "receipt": receipt(4500, 0, currency="BHD", rate=0)},
        "we received your payment of BHD4.500. Thank you.",
        ["Total    BHD4.500", "Card …4242: BHD4.500"],
        ["Tax"],
    ),
}


@pytest.mark.parametrize("how", PAID)
def test_a_receipt_says_how_it_was_paid(sink: Sink, deliver: Deliver, contact: Contact, how: str) -> None:
    overrides, first, sums, never = PAID[how]
    deliver("payment.completed", **overrides)
    [mail] = sink.messages(contact.email)
    lines = lines_of(mail)
    assert lines[2] == first
    start = lines.index(sums[0])
    assert lines[start : start + len(sums)] == sums
    assert lines[start + len(sums)].startswith("On ")
    for phrase in never:
        assert phrase not in mail["text"]
        assert phrase not in mail["html"]


def test_a_receipt_is_in_the_language_of_its_reader_and_what_was_sold_is_text(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    Contact.objects.update(language="vi")
    deliver("payment.completed", receipt=receipt(180_000, 8_571, name="<b>Người lớn</b>", rate=725))
    [mail] = sink.messages(contact.email)
    assert f"1 {TIMES} <b>Người lớn</b>: 180.000\N{NO-BREAK SPACE}₫" in lines_of(mail)
    assert "Trong đó thuế 7,25%: 8.571\N{NO-BREAK SPACE}₫" in lines_of(mail)
    assert f"1 {TIMES} &lt;b&gt;Người lớn&lt;/b&gt;" in mail["html"]


def test_a_receipt_that_was_written_before_there_were_lines_can_be_sent_again(
    sink: Sink, deliver: Deliver, contact: Contact, make_due: Callable[[], None]
) -> None:
    deliver("payment.completed")
    written = Notification.objects.get()
    known = ("payment_id", "amount", "captured_at", "card_last4", "card_amount", "gift_card_last4", "gift_card_amount")
    Notification.objects.update(context={name: written.context[name] for name in known})
    services.send_again(notification_id=written.id, actor=CLERK)
    make_due()
    delivery.deliver_due()
    lines = lines_of(sink.messages(contact.email)[-1])
    assert "we received your payment of ₫180,000. Thank you." in lines
    assert lines[lines.index("Total    ₫180,000") :][1:3] == ["Gift card …7K3Q: ₫50,000", "Card …4242: ₫130,000"]

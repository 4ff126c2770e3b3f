"""What payment's admin site has beside its lists."""

from typing import Any

from django.urls import reverse

from chassis.money import Money, format_money
from chassis.web.desk import DeskPage
from chassis.web.desk_needs import Need
from chassis.web.desk_search import Find
from payments import desk_panels, reconciliation_pages, takings_pages
from payments.gift_models import GiftCard
from payments.models import GatewayOperation, Payment

PAGES = [
    DeskPage("takings/", "takings", takings_pages.takings_page, "view_takings"),
    DeskPage("takings/export.<str:kind>", "takings_file", takings_pages.takings_file, "view_takings"),
    DeskPage(
        "reconciliation/",
        "reconciliation",
        reconciliation_pages.reconciliation_page,
        "view_reconciliation",
        of_house=True,
    ),
    DeskPage(
        "reconciliation/ask/", "reconciliation_ask", reconciliation_pages.ask, "add_reconciliation", of_house=True
    ),
    DeskPage(
        "reconciliation/<uuid:difference_id>/note/",
        "reconciliation_note",
        reconciliation_pages.note,
        "change_difference",
        of_house=True,
    ),
    DeskPage("panels/takings-today/", "takings_panel", desk_panels.takings_panel, "view_takings"),
    DeskPage(
        "panels/bookings/<uuid:booking_id>/money/",
        "booking_money_panel",
        desk_panels.booking_money_panel,
        "view_payment",
    ),
    DeskPage(
        "panels/bookings/<uuid:booking_id>/steps/",
        "booking_steps_panel",
        desk_panels.booking_steps_panel,
        "view_payment",
    ),
    DeskPage(
        "panels/customers/<uuid:user_id>/money/",
        "customer_money_panel",
        desk_panels.customer_money_panel,
        "view_payment",
    ),
]
NEEDS = [
    Need(
        "payment of unknown outcome",
        "payments of unknown outcome",
        desk_panels.of_unknown_outcome,
        "admin:payments_gatewayoperation_changelist",
        "state__exact=pending",
        "view_gatewayoperation",
    ),
    Need(
        "payment that the gateway refused to give back",
        "payments that the gateway refused to give back",
        desk_panels.refused_to_give_back,
        "admin:payments_payment_changelist",
        "attention__isempty=0",
        "view_payment",
    ),
    Need(
        "sum that is owed at the till",
        "sums that are owed at the till",
        desk_panels.owed_at_the_till,
        "admin:payments_payout_changelist",
        "",
        "view_payout",
    ),
    Need(
        "refund that waits for a second person",
        "refunds that wait for a second person",
        desk_panels.waiting_for_approval,
        "admin:payments_refund_changelist",
        "status__exact=awaiting_approval",
        "view_refund",
    ),
]


def booking_address(payment: Payment) -> str:
    """Of the booking's own page, which is booking's."""
    return f"/admin/booking/bookings/{payment.booking_id}/whole/"


def _of_payment(payment: Payment) -> str:
    return f"card ending in {payment.card_last4}" if payment.card_last4 else ""


def _of_operation(operation: Any) -> str:
    return f"{operation}, the gateway's {operation.result}"


def _of_gift_card(card: GiftCard) -> str:
    return f"{format_money(Money(card.balance, card.currency))} left"


FINDS = [
    Find(Payment, booking_address, about=_of_payment),
    Find(
        GatewayOperation,
        lambda operation: booking_address(operation.payment),
        about=_of_operation,
        name=lambda operation: str(operation.payment),
        # By its own id and the gateway's alone: by a booking the payment is found already.
        fields=("id", "=result"),
    ),
    Find(GiftCard, lambda card: reverse("admin:payments_giftcard_change", args=[card.pk]), about=_of_gift_card),
]

"""What the roles of auth may do here, in the admin site and through the API; see "Add a role" in CONTRIBUTING.md."""

from chassis.roles import EVERYTHING, StaffMay, views

SEEN = views(
    *("payment", "gatewayoperation", "transaction", "refund", "paymentmethod", "webhookdelivery", "receipt"),
    *("giftcard", "giftcardissue", "giftcardline", "reconciliation"),
    *("payout", "auditrecord"),
)

MANAGED = views("takings") | {
    *("refund_payment", "give_outside_payment", "change_payout", "block_giftcard", "add_giftcardissue"),
    *("add_reconciliation", "change_difference"),
}

STAFF_MAY: StaffMay = {
    "support": SEEN | {"refund_payment", "change_payout", "block_giftcard"},
    "manager": SEEN | MANAGED,
    "admin": EVERYTHING,
}

"""Money of the counter that is to be handed over by hand, and whether somebody has."""

from django.db import models
from django.db.models import Q

from payments.columns import blank
from payments.ledger import COUNTER, Kind
from payments.states import OperationState

# What staff took themselves and have to give back: a refund, and what was paid for a sale that came to nothing.
TO_HAND_OVER = Q(provider__in=sorted(COUNTER)) & (
    Q(kind__in=(Kind.VOID, Kind.REFUND, Kind.RETURN), state=OperationState.SUCCEEDED) | Q(state=OperationState.REVERSED)
)
# An index of each and none of both: what is null in nearly all rows, the planner takes for frequent among these too.
OWED = TO_HAND_OVER & Q(paid_out_at=None)
PAID_OUT = TO_HAND_OVER & Q(paid_out_at__isnull=False)


class HandedOver(models.Model):
    """Of an operation of the counter: who of staff gave the money back, and when. The ledger knows nothing of it."""

    paid_out_at = models.DateTimeField(null=True, help_text="Null: nobody has said that they handed it over.")
    paid_out_by = blank(150, "Who of staff handed it over.")
    paid_out_by_id = models.UUIDField(null=True, help_text="Their account at auth.")
    till = blank(64, "Where it was handed over, if that was told.")

    class Meta:
        abstract = True

"""Our books held against a provider's own record, a day at a time, and what differs. Amounts are minor units."""

from enum import StrEnum

from django.db import models
from django.db.models import Q

from chassis.ids import uuid7
from payments.reconciliation_rules import Differs


class RunState(StrEnum):
    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"  # the provider did not answer, again and again


class DifferenceState(StrEnum):
    OPEN = "open"
    REPAIRED = "repaired"  # by itself: our books have caught up, or it was not there any more the next time
    NOTED = "noted"  # somebody wrote what was done


def _choices(values: type[StrEnum]) -> list[tuple[str, str]]:
    return [(value.value, value.value.replace("_", " ")) for value in values]


class Reconciliation(models.Model):
    """A day of UTC of a provider, compared: read page by page by the clock, and then the other way round."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=32)
    day = models.DateField(help_text="Of UTC.")
    state = models.CharField(max_length=8, choices=_choices(RunState), default=RunState.ASKED.value)
    after = models.CharField(max_length=128, blank=True, help_text="What the next page of the record comes after.")
    is_read = models.BooleanField(default=False, help_text="Its last page is behind us.")
    moves = models.IntegerField(default=0, help_text="How many there were in the record.")
    failures = models.IntegerField(default=0, help_text="How often the provider did not answer.")
    failure = models.CharField(max_length=200, blank=True)
    requested_by = models.CharField(max_length=150, blank=True, help_text="Empty: the clock.")
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reconciliations"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "day"], condition=Q(state=RunState.ASKED), name="reconciliations_one_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["day", "provider"], name="idx_reconciliations_day")]

    def __str__(self) -> str:
        return f"{self.provider}, {self.day}: {self.get_state_display()}"


class MovedThere(models.Model):
    """What was read of a record while its day is being compared: an operation of ours, by its key."""

    run = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, db_index=False, related_name="moved")
    operation_id = models.UUIDField()

    class Meta:
        db_table = "reconciliation_moves"
        verbose_name_plural = "moved there"
        constraints = [models.UniqueConstraint(fields=["run", "operation_id"], name="reconciliation_moves_once")]

    def __str__(self) -> str:
        return str(self.operation_id)


class Difference(models.Model):
    """What the provider's record says and ours does not, or the other way round; kept once for all comparisons."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(
        Reconciliation, on_delete=models.PROTECT, related_name="differences", help_text="The newest that found it."
    )
    provider = models.CharField(max_length=32)
    day = models.DateField(help_text="Of UTC.")
    differs = models.CharField(max_length=24, choices=_choices(Differs))
    key = models.CharField(max_length=128, help_text="What it is known by: the operation, or the provider's id.")
    kind = models.CharField(max_length=12, help_text="Capture or refund.")
    payment_id = models.UUIDField(null=True, help_text="Ours, where there is one.")
    theirs = models.BigIntegerField(null=True, help_text="The amount in the provider's record.")
    ours = models.BigIntegerField(null=True, help_text="The amount in our books.")
    currency = models.CharField(max_length=3)
    our_state = models.CharField(max_length=12, blank=True, help_text="Of the operation, when it was found.")
    state = models.CharField(max_length=8, choices=_choices(DifferenceState), default=DifferenceState.OPEN.value)
    note = models.CharField(max_length=500, blank=True, help_text="What was done about it.")
    noted_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "reconciliation_differences"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "differs", "key"], name="reconciliation_differences_once"),
        ]
        indexes = [
            models.Index(fields=["-id"], condition=Q(state=DifferenceState.OPEN), name="idx_differences_open"),
        ]

    def __str__(self) -> str:
        return f"{self.get_differs_display()}: {self.kind} {self.key}"

"""The rows of the doors: who was let in, and who was let in by a door without a connection that would not have been."""

from django.db import models

from chassis.ids import uuid7


class CheckIn(models.Model):
    """Somebody was let in to a seat; the constraint makes a second time impossible."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = models.ForeignKey("bookings.Booking", on_delete=models.PROTECT, db_index=False, related_name="check_ins")
    seat_id = models.UUIDField()
    at = models.DateTimeField(help_text="By the clock of the door, where that had no connection.")
    door = models.CharField(max_length=64, blank=True, help_text="As the scanner names it.")
    actor = models.UUIDField(help_text="The member of staff.")
    scan_id = models.UUIDField(null=True, help_text="The door's own, where it had no connection.")

    class Meta:
        db_table = "check_ins"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["booking", "seat_id"], name="check_ins_once_a_seat")]

    def __str__(self) -> str:
        return self.door or "no door named"


class DoorConflict(models.Model):
    """A door without a connection let somebody in whom the service would have refused; told when it had one again."""

    id = models.UUIDField(primary_key=True, help_text="The door's own of that scan, which is told once.")
    showtime_id = models.UUIDField()
    reference = models.CharField(max_length=12, blank=True, help_text="Of the booking, where there is one.")
    seats = models.CharField(max_length=200, blank=True, help_text="As people call them.")
    at = models.DateTimeField(help_text="By the clock of the door.")
    door = models.CharField(max_length=64, blank=True)
    actor = models.CharField(max_length=64, help_text="The member of staff.")
    code = models.CharField(max_length=32, help_text="What the service would have said.")
    used = models.JSONField(default=list, help_text="Who was in by then: [{seat, at, door}].")
    told_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "door_conflicts"
        indexes = [models.Index(fields=["showtime_id", "-id"], name="door_conflicts_of_showtime")]

    def __str__(self) -> str:
        return f"{self.reference} {self.seats}"

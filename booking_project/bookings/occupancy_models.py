"""How full showtimes were that are over: a read model, for the inventory forgets them."""

from django.db import models


class Occupancy(models.Model):
    """A showtime as it was when its seats were forgotten; what was given back afterwards is sold here still."""

    showtime_id = models.UUIDField(primary_key=True)
    day = models.DateField(help_text="Of its start, by the theater's clock.")
    theater_id = models.UUIDField()
    theater_name = models.CharField(max_length=200)
    film = models.CharField(max_length=300)
    seats = models.PositiveIntegerField(help_text="That could be sold at all.")
    sold = models.PositiveIntegerField()
    let_in = models.PositiveIntegerField()

    class Meta:
        db_table = "occupancies"
        verbose_name_plural = "occupancies"
        indexes = [models.Index(fields=["day", "theater_id"], name="occupancies_of_days")]

    def __str__(self) -> str:
        return f"{self.film}, {self.day}: {self.sold} of {self.seats}"

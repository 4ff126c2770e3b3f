from django.db import models

from chassis.ids import uuid7


class Thing(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=32)
    size = models.IntegerField(default=0)

    class Meta:
        db_table = "things"

    def __str__(self) -> str:
        return self.name

"""Columns that several tables have alike. The database fills in what the hot path does not write of a new row."""

from enum import StrEnum
from typing import Any

from django.db import models

# Who held everything before there was a choice: what says nothing else is with it.
FIRST_PROVIDER = "simulator"


def choices_of(values: type[StrEnum]) -> list[tuple[str, str]]:
    return [(value.value, value.value.replace("_", " ")) for value in values]


def zero(help_text: str) -> "models.BigIntegerField[int, int]":
    return models.BigIntegerField(default=0, db_default=0, help_text=help_text)


def blank(max_length: int, help_text: str, **options: Any) -> "models.CharField[str, str]":
    return models.CharField(
        max_length=max_length, blank=True, default="", db_default="", help_text=help_text, **options
    )


def listed(help_text: str) -> "models.JSONField[Any, Any]":
    return models.JSONField(default=list, db_default=[], help_text=help_text)


def held_by(help_text: str) -> "models.CharField[str, str]":
    return models.CharField(max_length=32, default=FIRST_PROVIDER, db_default=FIRST_PROVIDER, help_text=help_text)

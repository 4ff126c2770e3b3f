"""What the imaginary service emits and reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class ThingMade:
    type: ClassVar[str] = "thing.made"
    thing_id: UUID
    name: str
    made_at: datetime


@dataclass(frozen=True)
class MadeSlice:
    """What a consumer of thing.made looks at."""

    thing_id: UUID
    name: str

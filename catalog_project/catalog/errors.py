"""What the catalog refuses, each with the code that clients can rely on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chassis.web.problems import BadRequestFields, Conflict, NotFound, ServiceUnavailable


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field. code: stable; detail: a sentence for people."""

    field: str
    code: str
    detail: str

    def at(self, place: str = "") -> dict[str, str]:
        """As a problem's errors have it. place: a JSON pointer to what the field is of."""
        return {"pointer": f"{place}/{self.field}", "code": self.code, "detail": self.detail}


class MovieNotFound(NotFound):
    code = "movie_not_found"
    title = "There is no such movie"


class TextNotFound(NotFound):
    code = "text_not_found"
    title = "The movie is not told in this language"


class PosterNotFound(NotFound):
    code = "poster_not_found"
    title = "There is no such poster"


class PicturesBusy(ServiceUnavailable):
    code = "pictures_busy"
    title = "Other pictures are being drawn; try again shortly"


class TheaterNotFound(NotFound):
    code = "theater_not_found"
    title = "There is no such theater"


class ScreenNotFound(NotFound):
    code = "screen_not_found"
    title = "There is no such screen"


class ShowtimeNotFound(NotFound):
    code = "showtime_not_found"
    title = "There is no such showtime"


class TicketTypeNotFound(NotFound):
    code = "ticket_type_not_found"
    title = "There is no such ticket type"


class PriceListNotFound(NotFound):
    code = "price_list_not_found"
    title = "There is no such price list"


class InvalidFields(BadRequestFields):
    """A field whose value does not fit the rest of the catalog; errors: pointer, detail, and of a fault its code."""

    def __init__(self, *faults: Fault, **sentences: str) -> None:
        told = [{"pointer": f"/{name}", "detail": text} for name, text in sentences.items()]
        super().__init__(errors=[*(fault.at() for fault in faults), *told])
        self.faults = faults


class PlanRefused(Conflict):
    """A plan that cannot be carried out as a whole; errors: [{"pointer", "code", "detail"}], of all its rows."""

    code = "plan_refused"
    title = "The plan does not fit"
    most_errors = 1000

    def __init__(self, errors: Iterable[Mapping[str, str]]) -> None:
        super().__init__("Nothing was done: errors says what is in the way.", errors=list(errors))


class NameTaken(Conflict):
    code = "name_taken"
    title = "Another one has this name"


class MovieInUse(Conflict):
    code = "movie_in_use"
    title = "The movie has showtimes"


class TheaterInUse(Conflict):
    code = "theater_in_use"
    title = "The theater has showtimes"


class ScreenInUse(Conflict):
    code = "screen_in_use"
    title = "The screen has showtimes"


class TicketTypeInUse(Conflict):
    code = "ticket_type_in_use"
    title = "The ticket type is in use"


class PriceListInUse(Conflict):
    code = "price_list_in_use"
    title = "The price list has showtimes"


class ShowtimesOverlap(Conflict):
    """`showtime_id` says which is in the way, where one is known."""

    code = "showtimes_overlap"
    title = "Two showtimes would share a screen at the same time"
    members: ClassVar[dict[str, Any]] = {
        "showtime_id": {"type": "string", "format": "uuid", "examples": ["019ab1c4-5e30-7e40-9f73-2c3d4e5f6a04"]}
    }


class FewerSeats(Conflict):
    """`categories`: of which the other screen has fewer seats than the one that was sold."""

    code = "fewer_seats"
    title = "Somebody may find no seat in the other screen"
    members: ClassVar[dict[str, Any]] = {
        "categories": {"type": "array", "items": {"type": "string"}, "examples": [["couple"]]}
    }


class ShowtimeStarted(Conflict):
    code = "showtime_started"
    title = "The showtime has started"


class ShowtimeOver(Conflict):
    code = "showtime_over"
    title = "The showtime is over"


class ShowtimeIsCancelled(Conflict):
    code = "showtime_cancelled"
    title = "The showtime was cancelled"

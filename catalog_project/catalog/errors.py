"""What the catalog refuses, each with the code that clients can rely on."""

from chassis.web.problems import BadRequestFields, Conflict, NotFound, ServiceUnavailable


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


class InvalidFields(BadRequestFields):
    """A field whose value does not fit the rest of the catalog; errors: [{"pointer", "detail"}]."""

    def __init__(self, **sentences: str) -> None:
        super().__init__(errors=[{"pointer": f"/{name}", "detail": text} for name, text in sentences.items()])


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


class ShowtimesOverlap(Conflict):
    code = "showtimes_overlap"
    title = "Two showtimes would share a screen at the same time"


class ShowtimeStarted(Conflict):
    code = "showtime_started"
    title = "The showtime has started"


class ShowtimeOver(Conflict):
    code = "showtime_over"
    title = "The showtime is over"


class ShowtimeIsCancelled(Conflict):
    code = "showtime_cancelled"
    title = "The showtime was cancelled"

"""What search engines are told is schema.org's, and says what the page says."""

from shop import told

FILM = {
    "title": "Dune", "original_title": "", "synopsis": "Sand.", "duration_minutes": 155, "rating": "T13",
    "genres": ["drama"], "language": "en", "release_date": "2026-12-01", "trailer_url": "",
    "poster": {"sizes": [{"url": "/media/posters/a-200.webp"}, {"url": "/media/posters/a-800.webp"}]},
}  # fmt: skip
THEATER = {"name": "Roxy", "address": "1 High Street"}
SHOWTIME = {
    "starts_at": "2026-12-01T20:00:00+07:00", "ends_at": "2026-12-01T22:35:00+07:00", "format": "2D",
    "language": "vi", "available_seats": 3, "price_from": {"amount": 1450, "currency": "EUR"},
}  # fmt: skip
PAGE = "https://tickets.example/en/films/dune/"


def test_a_film_is_told_with_what_is_known_of_it_alone() -> None:
    movie = told.movie(FILM, url=PAGE, origin="https://tickets.example")
    assert (movie["@type"], movie["name"], movie["duration"], movie["url"]) == ("Movie", "Dune", "PT155M", PAGE)
    assert movie["image"] == "https://tickets.example/media/posters/a-800.webp"
    assert not {"alternateName", "trailer"} & movie.keys()


def test_a_showtime_is_an_event_with_an_offer_in_whole_units_of_its_currency() -> None:
    movie = told.movie(FILM, url=PAGE, origin="")
    offers = {}
    for currency, amount, seats in (("EUR", 1450, 3), ("VND", 90000, 0), ("KWD", 1250, 1)):
        showtime = SHOWTIME | {"price_from": {"amount": amount, "currency": currency}, "available_seats": seats}
        event = told.screening(showtime, THEATER, film=movie, url="https://tickets.example/en/showtimes/1/")
        assert (event["@type"], event["startDate"]) == ("ScreeningEvent", SHOWTIME["starts_at"])
        assert event["workPresented"] == {"@id": PAGE}
        assert event["location"]["name"] == "Roxy"
        offers[currency] = (event["offers"]["price"], event["offers"]["availability"].rpartition("/")[2])
    assert offers == {"EUR": ("14.50", "InStock"), "VND": ("90000", "SoldOut"), "KWD": ("1.250", "InStock")}

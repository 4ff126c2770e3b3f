"""What the API document shows of requests: examples that the API takes as they are, given ids of what is there."""

from chassis.web.openapi import sends

MOVIE_ID = "019ab1c8-1000-7a00-8000-000000000011"
SCREEN_ID = "019ab1c8-1000-7a00-8000-000000000012"
PRICE = {"amount": 120000, "currency": "VND"}

MOVIE = sends(
    a_drama={
        "title": "The Lantern Keeper",
        "synopsis": "An old man, an island, a light.",
        "duration_minutes": 118,
        "text_language": "en",
        "rating": "P",
        "ratings": {"VN": "T13", "DE": "FSK 12"},
        "genres": ["drama"],
        "languages": ["en", "vi"],
        "subtitles": ["vi", "ja"],
        "people": [
            {"role": "director", "name": "Ines Aldana"},
            {"role": "cast", "name": "Noor Haddad", "character": "The keeper"},
        ],
        "release_date": "2026-01-01",
        "trailer_url": "https://trailers.example/lantern-keeper",
        "poster_url": "https://posters.example/lantern-keeper.jpg",
    }
)
MOVIE_CHANGE = sends(another_synopsis={"synopsis": "A light that must not go out."})
TEXT = sends(in_vietnamese={"title": "Người giữ đèn", "synopsis": "Một ông già, một hòn đảo, một ngọn đèn."})
THEATER = sends(
    in_a_city={
        "name": "Marquee Riverside",
        "city": "Ho Chi Minh City",
        "address": "1 River Street",
        "latitude": 10.7769,
        "longitude": 106.7009,
        "time_zone": "Asia/Ho_Chi_Minh",
        "currency": "VND",
        "rules": {"cancellation_cutoff_minutes": 60, "cancellation_fee_percent": None, "orphan_seat_rule": True},
    }
)
THEATER_CHANGE = sends(another_address={"address": "2 River Street"})
SEATS = [
    {"row": "A", "number": 1, "x": 1, "y": 1, "category": "standard"},
    {"row": "A", "number": 2, "x": 2, "y": 1, "category": "standard"},
    {"row": "A", "number": 3, "x": 4, "y": 1, "category": "accessible", "accessible": True},
]
SCREEN = sends(three_seats_and_an_aisle={"name": "Hall 9", "seats": SEATS})
SCREEN_CHANGE = sends(another_name={"name": "The small hall"})
SHOWTIME = sends(
    an_evening={
        "movie_id": MOVIE_ID,
        "screen_id": SCREEN_ID,
        "starts_at": "2027-03-01T19:30:00+07:00",
        "format": "2D",
        "language": "en",
        "prices": {"standard": PRICE},
    }
)
SHOWTIME_CHANGE = sends(half_an_hour_later={"starts_at": "2027-03-01T20:00:00+07:00"})

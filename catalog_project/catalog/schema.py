"""What the API document shows of requests: examples that the API takes as they are, given ids of what is there."""

from chassis.money import LARGEST_PRICE
from chassis.web.openapi import sends

MOVIE_ID = "019ab1c8-1000-7a00-8000-000000000011"
SCREEN_ID = "019ab1c8-1000-7a00-8000-000000000012"
SHOWTIME_ID = "019ab1c8-1000-7a00-8000-000000000013"
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
MOVIE_FILE = sends(a_film=MOVIE[0].value)
SHOWTIME_FILE = sends(
    an_evening={
        "movie": "the-lantern-keeper",
        "screen": "Hall 1",
        "starts_at": "2027-03-01 19:30",
        "format": "2D",
        "language": "en",
        "price_standard": "120000",
    }
)
PRICE_LIST_FILE = sends(one_list={"name": "From a file", "currency": "VND", "adult standard": "90000"})
# In major units, as a text or a number.
PRICE_OF_A_LINE = {
    "anyOf": [{"type": "string", "maxLength": 20}, {"type": "number", "minimum": 0, "maximum": LARGEST_PRICE}]
}
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
THEATER_CHANGE = sends(
    another_address={"address": "2 River Street"},
    seller_and_taxes={
        "seller": {"name": "Riverside Cinemas Ltd", "address": "1 River Street", "tax_number": "VN 0312345678"},
        "tax": {"included": True, "ticket": 500, "fee": 1000},
        "holidays": ["2027-01-01", "2027-02-06"],
    },
)
TICKET_TYPE = sends(
    of_children={
        "code": "child",
        "name": "Child",
        "hint": "up to 12 years",
        "hints": {"vi": "đến 12 tuổi"},
        "accompanied": True,
        "position": 2,
    }
)
TICKET_TYPE_CHANGE = sends(at_the_desk_alone={"online": False})
PRICE_LIST = sends(
    matinees_and_glasses={
        "name": "Everyday",
        "currency": "VND",
        "round_to": 1000,
        "prices": {"adult": {"standard": 90000, "accessible": 90000}},
        "rules": [
            {
                "name": "Matinee",
                "weekdays": ["mon", "tue", "wed", "thu", "fri"],
                "from_time": "10:00",
                "until_time": "13:00",
                "percent": -20,
            },
            {"name": "Holidays", "holiday": True, "amount": 10000},
        ],
        "fees": [{"code": "glasses", "name": "3D glasses", "per": "ticket", "amount": 20000, "formats": ["3D"]}],
        "early": [{"days_before": 7, "percent": 10}],
    }
)
PRICE_LIST_CHANGE = sends(no_fees={"fees": []})
SEATS = [
    {"row": "A", "number": 1, "x": 1, "y": 1, "category": "standard"},
    {"row": "A", "number": 2, "x": 2, "y": 1, "category": "standard"},
    {"row": "A", "number": 3, "x": 4, "y": 1, "category": "accessible", "accessible": True},
]
SCREEN = sends(three_seats_and_an_aisle={"name": "Hall 9", "seats": SEATS})
SCREEN_CHANGE = sends(another_name={"name": "The small hall"})
EVENING = {
    "movie_id": MOVIE_ID,
    "screen_id": SCREEN_ID,
    "starts_at": "2027-03-01T19:30:00+07:00",
    "format": "2D",
    "language": "en",
    "prices": {"standard": PRICE},
}
LATE = {name: value for name, value in EVENING.items() if name != "starts_at"} | {"local_starts_at": "2027-03-01T23:30"}
SHOWTIME = sends(an_evening=EVENING, by_the_clock_of_the_theater=LATE, a_draft={**EVENING, "draft": True})
SHOWTIME_CHANGE = sends(
    half_an_hour_later={"starts_at": "2027-03-01T20:00:00+07:00"},
    prices_of_its_own={"prices": {"standard": PRICE}},
)
BATCH = sends(
    an_evening_of_drafts={"items": [EVENING, LATE]}, what_would_be_in_the_way={"dry_run": True, "items": [EVENING]}
)
DRAFTS = sends(one_draft={"showtime_ids": [SHOWTIME_ID]})
COPY = sends(
    a_week_to_the_next={"from": "2027-03-01", "days": 7, "to": ["2027-03-08"]},
    a_day_to_two_others={"from": "2027-03-01", "days": 1, "to": ["2027-03-02", "2027-03-03"], "leave_out": True},
)

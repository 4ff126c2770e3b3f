"""Films that do not exist."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Film:
    """released: days before (or, negative, after) the day on which the demo data is first loaded.

    languages: the original's first. formats: the copies there are beside 2D.
    """

    title: str
    synopsis: str
    minutes: int
    rating: str
    genres: tuple[str, ...]
    languages: tuple[str, ...]
    released: int
    formats: tuple[str, ...] = ()


FILMS = (
    Film(
        "The Tide Clock",
        "On an island that the sea cuts off twice a day, a clockmaker's apprentice finds that the harbour clock has "
        "been running eleven minutes fast for forty years, and that somebody drowned for every one of them.",
        118,
        "T13",
        ("mystery", "drama"),
        ("en", "vi", "de", "ja"),
        11,
    ),
    Film(
        "Lanterns over Thu Bồn",
        "The last lantern maker of a river town has one season to teach her granddaughter a craft that no machine "
        "has copied, before the night market moves to the mall.",
        104,
        "P",
        ("drama", "family"),
        ("vi", "en"),
        18,
    ),
    Film(
        "Night Freight to Almaty",
        "A disgraced engine driver takes a train of sealed wagons across four borders. By the second one, something "
        "in wagon nine has learnt to knock in Morse.",
        131,
        "T16",
        ("thriller", "action"),
        ("en", "de", "ja"),
        4,
        ("IMAX",),
    ),
    Film(
        "The Cartographer's Daughter",
        "When her father's maps begin to show streets that are not there yet, Ines follows one of them, and arrives "
        "a day before everybody else.",
        124,
        "P",
        ("fantasy", "adventure"),
        ("en", "vi", "ja", "de"),
        9,
        ("3D", "IMAX"),
    ),
    Film(
        "Perihelion",
        "Six people keep a mirror the size of a country pointed at a cooling Earth. The sixth has not spoken for "
        "a year, and now the mirror is turning.",
        146,
        "T13",
        ("science-fiction", "drama"),
        ("en", "ja", "vi", "de"),
        2,
        ("3D", "IMAX"),
    ),
    Film(
        "Grandmother Plays Drums",
        "A widow of seventy-one joins her grandson's failing punk band, and the band gets good. The family has "
        "opinions.",
        97,
        "P",
        ("comedy", "music"),
        ("vi", "en", "ja"),
        25,
    ),
    Film(
        "Eine Wohnung in Moabit",
        "Two strangers were sold the same flat on the same afternoon. Neither will move out, and the court can hear "
        "them in fourteen months.",
        109,
        "T13",
        ("comedy", "romance"),
        ("de", "en"),
        16,
    ),
    Film(
        "The Paper Fox",
        "Folded from a love letter that was never sent, a fox of paper sets out to deliver itself across a city in "
        "the rainy season.",
        88,
        "P",
        ("animation", "family"),
        ("ja", "vi", "en", "de"),
        6,
        ("3D",),
    ),
    Film(
        "Salt Road",
        "In the winter of 1782 a caravan of thieves and one honest accountant carry a kingdom's salt over a pass "
        "that the kingdom has already sold.",
        138,
        "T16",
        ("adventure", "history"),
        ("en", "de"),
        30,
        ("IMAX",),
    ),
    Film(
        "What the Cellar Keeps",
        "The new owners of a vineyard count their barrels every evening. Every evening there is one more, and it is "
        "warm.",
        101,
        "T18",
        ("horror",),
        ("en", "vi", "ja", "de"),
        3,
    ),
    Film(
        "Second Platform, Shimokitazawa",
        "They missed the same last train for nine years without ever meeting. Tonight the timetable changes.",
        112,
        "P",
        ("romance", "drama"),
        ("ja", "en", "vi"),
        13,
    ),
    Film(
        "Goal in the Ninety-First",
        "A village that never won a match hires the one coach who never lost one, without asking how. A season, a "
        "river in flood, and a goalkeeper who is also the priest.",
        115,
        "P",
        ("sport", "comedy"),
        ("vi", "de", "en"),
        20,
    ),
    Film(
        "Signal from the Ninth Floor",
        "The building has eight floors. Between two and three at night the lift does not agree.",
        106,
        "T16",
        ("thriller", "mystery"),
        ("ja", "vi", "en"),
        -5,
    ),
    Film(
        "The Understudies",
        "Opening night, a locked theatre, and every lead actor gone. The second cast has ninety minutes and one "
        "rehearsed scene.",
        99,
        "P",
        ("comedy",),
        ("en", "de", "vi", "ja"),
        -12,
    ),
)

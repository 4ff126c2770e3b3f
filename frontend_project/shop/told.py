"""What search engines read of a film and its showtimes (schema.org), as plain values: https://schema.org/ScreeningEvent."""

from collections.abc import Iterable, Mapping
from typing import Any

from chassis.money import Money, to_major

CONTEXT = "https://schema.org"
# Showtimes that one page tells of, at most.
MOST = 50


def movie(film: Mapping[str, Any], *, url: str, origin: str) -> dict[str, Any]:
    """A Movie. url: of its page; origin: before the addresses of posters."""
    told: dict[str, Any] = {
        "@type": "Movie",
        "@id": url,
        "url": url,
        "name": film["title"],
        "alternateName": film["original_title"],
        "description": film["synopsis"],
        "duration": f"PT{film['duration_minutes']}M",
        "contentRating": film["rating"],
        "genre": list(film["genres"]),
        "inLanguage": film["language"],
        "dateCreated": film["release_date"],
        "trailer": {"@type": "VideoObject", "url": film["trailer_url"]} if film["trailer_url"] else "",
        "image": f"{origin}{film['poster']['sizes'][-1]['url']}" if film["poster"] else "",
    }
    return {name: value for name, value in told.items() if value not in ("", None, [])}


def screening(
    showtime: Mapping[str, Any], theater: Mapping[str, Any], *, film: Mapping[str, Any], url: str
) -> dict[str, Any]:
    """A ScreeningEvent with its offer. film: as `movie` tells it; url: where its seats are chosen."""
    price = showtime["price_from"]
    left = "InStock" if showtime["available_seats"] else "SoldOut"
    return {
        "@type": "ScreeningEvent",
        "name": film["name"],
        "url": url,
        "startDate": showtime["starts_at"],
        "endDate": showtime["ends_at"],
        "eventStatus": f"{CONTEXT}/EventScheduled",
        "eventAttendanceMode": f"{CONTEXT}/OfflineEventAttendanceMode",
        "videoFormat": showtime["format"],
        "inLanguage": showtime["language"],
        "workPresented": {"@id": film["@id"]},
        "location": {"@type": "MovieTheater", "name": theater["name"], "address": theater["address"]},
        "offers": {
            "@type": "Offer",
            "url": url,
            "price": str(to_major(Money(price["amount"], price["currency"]))),
            "priceCurrency": price["currency"],
            "availability": f"{CONTEXT}/{left}",
        },
    }


def graph(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"@context": CONTEXT, "@graph": list(parts)}

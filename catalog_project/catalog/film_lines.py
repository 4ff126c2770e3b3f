"""Lists and tables of a film as people write them: a line for each item, or words with commas between. Pure."""

from collections.abc import Mapping, Sequence

from catalog.film_rules import Role


def read_words(text: str) -> list[str]:
    """mystery, drama"""
    return [word.strip() for word in text.split(",") if word.strip()]


def write_words(words: Sequence[str]) -> str:
    return ", ".join(words)


def read_ratings(lines: Sequence[str]) -> dict[str, str]:
    """VN: T16, a line for each country. Raises ValueError."""
    pairs = [(country.strip(), rating.strip()) for country, _, rating in (line.partition(":") for line in lines)]
    if len({country for country, _ in pairs}) < len(pairs):
        raise ValueError("A country has one rating.")
    return dict(pairs)


def write_ratings(ratings: Mapping[str, str]) -> list[str]:
    return [f"{country}: {rating}" for country, rating in ratings.items()]


def read_people(lines: Sequence[str]) -> list[dict[str, str]]:
    """director: Ines Aldana, and of the cast: Noor Haddad as The keeper."""
    people = []
    for line in lines:
        role, _, who = line.partition(":")
        name, _, character = who.strip().partition(" as ") if role.strip() == Role.CAST else (who.strip(), "", "")
        person = {"role": role.strip(), "name": name.strip(), "character": character.strip()}
        people.append({key: value for key, value in person.items() if value or key != "character"})
    return people


def write_people(people: Sequence[Mapping[str, str]]) -> list[str]:
    return [
        f"{person['role']}: {person['name']}" + (f" as {person['character']}" if "character" in person else "")
        for person in people
    ]


def lines_of(text: str) -> list[str]:
    """Those that hold anything."""
    return [line.strip() for line in text.splitlines() if line.strip()]

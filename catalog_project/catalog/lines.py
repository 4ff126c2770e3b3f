"""Lists and tables as people write them: a line for each item, or words with commas between. Pure."""

from collections.abc import Mapping, Sequence

from catalog.film_rules import Role


def read_words(text: str) -> list[str]:
    """mystery, drama"""
    return [word.strip() for word in text.split(",") if word.strip()]


def write_words(words: Sequence[str]) -> str:
    return ", ".join(words)


def read_pairs(lines: Sequence[str]) -> dict[str, str]:
    """VN: T16, a line for each country, say. Raises ValueError."""
    found: dict[str, str] = {}
    for line in lines:
        key, value = (part.strip() for part in line.partition(":")[::2])
        if key in found:
            raise ValueError(f"{key[:20]} has a line twice.")
        found[key] = value
    return found


def write_pairs(pairs: Mapping[str, str]) -> list[str]:
    return [f"{key}: {value}" for key, value in pairs.items()]


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

"""The shop's texts in its languages: `python -m stack.translations` takes them from templates and code into the
catalogues (locale/<language>/LC_MESSAGES/django.po) and compiles these; `--check` says what is missing or stale.
"""

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from stack.errors import StackError
from stack.services import FRONTEND_FOLDER

APP = FRONTEND_FOLDER / "shop"
LANGUAGES = ("vi", "de", "ja")
# Of a catalogue: how the names stand in for what is filled in, in templates and in what scripts say.
NAMES = re.compile(r"%\(\w+\)[sd]|\{\w+\}|</?[a-z]+>")
KEYWORDS = {"_": None, "later": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def texts() -> Catalog:
    """Every text that is translated."""
    catalog = Catalog(charset="utf-8")
    for file in sorted((*APP.rglob("*.py"), *APP.rglob("*.html"))):
        for line, message, comments, _ in extract("python", io.BytesIO(_source(file)), KEYWORDS, (), {}):
            catalog.add(message, None, [(str(file.relative_to(APP)), line)], auto_comments=comments)
    return catalog


def _source(file: Path) -> bytes:
    """As Python: of a template its texts alone."""
    text = file.read_text()
    return (templatize(text, origin=file.name) if file.suffix == ".html" else text).encode()


def update(language: str, wanted: Catalog) -> Catalog:
    """The language's catalogue with all that is wanted and nothing else; what is new has no translation yet."""
    known = _read(language)
    fresh = Catalog(locale=language, charset="utf-8", fuzzy=False)
    for message in wanted:
        if message.id:
            translated = known.get(message.id)
            fresh.add(message.id, translated.string if translated else "")
    return fresh


def _read(language: str) -> Catalog:
    path = po(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def po(language: str) -> Path:
    return APP / "locale" / language / "LC_MESSAGES" / "django.po"


def written(catalog: Catalog) -> bytes:
    """The catalogue as its file is, without the day on which it was made."""
    out = io.BytesIO()
    for message in catalog:
        message.flags.discard("fuzzy")
    write_po(out, catalog, width=120, no_location=True, omit_header=True, sort_output=True)
    forms = f'"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {catalog.plural_forms}\\n"\n'
    return f'msgid ""\nmsgstr ""\n{forms}\n'.encode() + out.getvalue()


def compiled(catalog: Catalog) -> bytes:
    whole = read_po(io.BytesIO(written(catalog)), locale=str(catalog.locale))
    # In its head, where the day of today would make it another file each minute.
    whole.creation_date = whole.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    out = io.BytesIO()
    write_mo(out, whole)
    return out.getvalue()


def faults(catalog: Catalog) -> Iterator[str]:
    """What has no translation, or one that lacks a name or a tag that the text has."""
    for message in catalog:
        if message.id and (fault := _fault(message)):
            yield f"{catalog.locale}: {fault}: {_first(message.id)!r}"


def _fault(message: Message) -> str:
    strings = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    if not all(strings):
        return "not translated"
    wanted = set(NAMES.findall(_first(message.id if isinstance(message.id, str) else message.id[1])))
    if any(set(NAMES.findall(string)) != wanted for string in strings):
        return "other names or tags"
    return ""


def _first(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def main(*, check: bool) -> None:
    """Raises StackError."""
    settings.configure()
    wanted, found = texts(), []
    for language in LANGUAGES:
        catalog = update(language, wanted)
        files = {po(language): written(catalog), po(language).with_suffix(".mo"): compiled(catalog)}
        for path, content in files.items():
            if check and (not path.exists() or path.read_bytes() != content):
                found.append(f"{path.relative_to(FRONTEND_FOLDER)} is stale: run `make translations`")
            elif not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        found += faults(catalog)
    if found:
        raise StackError("texts of the shop are not translated", details="\n".join(found))


if __name__ == "__main__":
    try:
        main(check="--check" in sys.argv[1:])
    except StackError as error:
        sys.exit(f"{error}\n{error.details}")

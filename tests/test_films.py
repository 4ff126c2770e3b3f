"""Films as everybody sees them: in their language, with a poster of our own, and as staff have just said."""

import secrets
import struct
import zlib
from typing import Any

import pytest
from waiting import wait_for
from world import Person, World

# In which everybody sees what staff have changed, and what a machine that others keep busy takes on top.
SEEN_SECONDS, PATIENCE_SECONDS = 1, 5


@pytest.fixture
def film(admin: Person) -> dict[str, Any]:
    made: dict[str, Any] = admin.post(
        "/api/movies",
        {
            "title": f"The Lighthouse {secrets.token_hex(4)}",
            "text_language": "en",
            "duration_minutes": 90,
            "genres": ["drama"],
            "languages": ["en"],
            "release_date": "2026-01-01",
        },
    ).ok(201)
    return made


def png(width: int, height: int) -> bytes:
    """Of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * (width + 1) * height)) + chunk(b"IEND", b"")
    )


def upload(who: Person, film: str, data: bytes) -> Any:
    edge = secrets.token_hex(16)
    head = f'--{edge}\r\nContent-Disposition: form-data; name="picture"; filename="x.png"\r\n\r\n'.encode()
    body = head + data + f"\r\n--{edge}--\r\n".encode()
    return who.send("PUT", f"/api/movies/{film}/poster", raw=body, media_type=f"multipart/form-data; boundary={edge}")


def test_what_staff_change_everybody_sees_within_a_second(world: World, admin: Person, film: dict[str, Any]) -> None:
    path = f"/api/movies/{film['id']}"
    for number in range(3):
        world.anybody.get(path).ok()  # so that it is kept
        title = f"Cut {number}"
        admin.patch(path, {"title": title}).ok()
        wait_for(
            lambda: world.anybody.get(path).ok()["title"] == title,  # noqa: B023
            seconds=SEEN_SECONDS + PATIENCE_SECONDS,
            what="the title as it is",
        )


def test_a_reader_is_told_in_their_language(world: World, admin: Person, film: dict[str, Any]) -> None:
    admin.send("PUT", f"/api/movies/{film['id']}/texts/vi", {"title": "Ngọn hải đăng"}).ok()
    path = f"/api/movies/by-slug/{film['slug']}"
    for _ in range(2):
        for language, title in (("vi-VN,en;q=0.5", "Ngọn hải đăng"), ("en", film["title"])):
            answer = world.anybody.get(path, Accept_Language=language)
            assert answer.ok()["title"] == title
            assert answer.headers["Content-Language"] == language[:2]


def test_a_poster_is_uploaded_and_served_from_our_own_host(world: World, admin: Person, film: dict[str, Any]) -> None:
    sizes = upload(admin, film["id"], png(800, 1200)).ok()["poster"]["sizes"]
    assert [size["width"] for size in sizes] == [200, 400, 800]
    for size in sizes:
        answer = world.anybody.get("/media/" + size["url"].partition("/media/")[2])
        assert (answer.status, answer.body[:4], answer.body[8:12]) == (200, b"RIFF", b"WEBP")
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["Cache-Control"].endswith("immutable")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<svg><script>alert(1)</script></svg>", 400, "invalid"),
        (png(5000, 5000), 400, "invalid"),
        (b"x" * (8 * 1024 * 1024 + 100_000), 413, "payload_too_large"),
        (b"x" * (10 * 1024 * 1024), 413, "payload_too_large"),
    ],
    ids=["a script", "too many pixels", "too large for the service", "too large for the gateway"],
)
def test_what_is_no_poster_is_refused(admin: Person, film: dict[str, Any], data: bytes, status: int, code: str) -> None:
    upload(admin, film["id"], data).problem(status, code)


def test_a_film_is_found_with_typing_errors(world: World, admin: Person) -> None:
    word = secrets.token_hex(6)
    made = admin.post(
        "/api/movies",
        {
            "title": f"Giữ đèn {word}",
            "duration_minutes": 90,
            "genres": [],
            "languages": ["vi"],
            "release_date": "2026-01-01",
        },
    ).ok(201)
    for typed in (f"giu den {word}", f"gui den {word[:-1]}"):
        found = world.anybody.get(f"/api/movies?search={typed.replace(' ', '+')}").ok()["results"]
        assert found[0]["id"] == made["id"]

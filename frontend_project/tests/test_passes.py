import hashlib
import io
import json
import subprocess
import zipfile
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shop import passes

TICKET = passes.Pass(
    serial="AaIcQyHCcfaCxuOJAK4o-g.AaIcQyHCcfaCxuOJAK4o-w",
    event="AaIcQyHCcfaCxuOJAK4o-x",
    film="Lanterns over Thu Bồn",
    cinema="Marquee Nguyễn Huệ",
    screen="Phòng 3",
    starts_at="2026-11-28T19:30:00+07:00",
    seat="C12",
    reference="H9RM4NMPRD",
    code="a1B2c3D4" * 50,
    language="vi",
    labels=dict.fromkeys(("film", "cinema", "screen", "when", "seat", "reference"), "Nhãn"),
)


@pytest.fixture(scope="module")
def pem() -> str:
    request = "req -x509 -newkey rsa:2048 -nodes -subj /CN=Passes -keyout - -out -"
    return subprocess.run(["openssl", *request.split()], check=True, capture_output=True, text=True).stdout


def is_signed(folder: Path, manifest: bytes) -> bool:
    (folder / "manifest.json").write_bytes(manifest)
    verify = (
        "smime -verify -inform DER -in signature -content manifest.json -CAfile own.pem -purpose any -out /dev/null"
    )
    return subprocess.run(["openssl", *verify.split()], cwd=folder, capture_output=True, check=False).returncode == 0


def test_an_apple_pass_is_whole_and_signed(pem: str, tmp_path: Path) -> None:
    made = passes.pkpass(TICKET, passes.Apple(pass_type="pass.example", team="TEAM", pem=pem))
    files = zipfile.ZipFile(io.BytesIO(made))
    listed = json.loads(files.read("manifest.json"))
    assert set(files.namelist()) == {*listed, "manifest.json", "signature"}
    assert {"icon.png", "pass.json"} <= set(listed)
    for name, digest in listed.items():
        assert hashlib.sha1(files.read(name), usedforsecurity=False).hexdigest() == digest
    told = json.loads(files.read("pass.json"))
    assert told["barcodes"][0]["message"] == TICKET.code
    assert told["serialNumber"] == TICKET.serial

    (tmp_path / "own.pem").write_text(pem)
    (tmp_path / "signature").write_bytes(files.read("signature"))
    assert is_signed(tmp_path, files.read("manifest.json"))
    assert not is_signed(tmp_path, files.read("manifest.json").replace(b"icon", b"i_on"))


def test_a_google_link_is_signed_and_short(pem: str) -> None:
    link = passes.google_link(TICKET, passes.Google(issuer="3388000000000000000", account="us@example.org", key=pem))
    assert link.startswith(passes.GOOGLE_SAVE)
    token = link.removeprefix(passes.GOOGLE_SAVE)
    key = load_pem_private_key(pem.encode(), password=None).public_key()
    told = jwt.decode(token, key, algorithms=["RS256"], audience="google")
    [ticket], [event] = told["payload"]["eventTicketObjects"], told["payload"]["eventTicketClasses"]
    assert ticket["barcode"]["value"] == TICKET.code
    assert ticket["classId"] == event["id"]
    # Longer addresses do not come through everywhere.
    assert len(link) < 2083


def test_another_kind_of_key_is_refused() -> None:
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True, text=True)
    with pytest.raises(ValueError, match="RSA"):
        passes.google_link(TICKET, passes.Google(issuer="1", account="us@example.org", key=key.stdout))

import ssl
from datetime import timedelta
from pathlib import Path

import certificate
import pytest
from cryptography import x509


def made(folder: Path, url: str = "https://tickets.example:8443") -> x509.Certificate:
    certificate.main(folder, url)
    return x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes())


def test_it_is_for_the_public_host_and_this_machine_and_openssl_takes_it(tmp_path: Path) -> None:
    names = made(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["tickets.example", "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")


def test_it_is_made_once_and_anew_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as short:
        short.setattr(certificate, "LIFETIME", timedelta(days=29))
        first = made(tmp_path)
    second = made(tmp_path)
    assert second.serial_number != first.serial_number
    assert made(tmp_path) == second


def test_a_certificate_of_somebody_else_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as theirs:
        theirs.setattr(certificate, "ISSUER", "An authority")
        theirs.setattr(certificate, "LIFETIME", timedelta(days=1))
        bought = made(tmp_path)
    assert made(tmp_path) == bought


def test_an_address_without_a_host_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="names no host"):
        certificate.main(tmp_path, "localhost")

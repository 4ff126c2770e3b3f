"""An authority of an instance's own and the certificates of its servers, made by OpenSSL's program.

Below `state/tls`: `authority.key`, `authority.crt`, and `ca.crt`, whom clients trust: the authority, and the one before
it until certificates are renewed once more. Below `data/tls/<server>`: `tls.crt` and `tls.key`, of the account
that runs the server. Containers mount such a folder: there is a `ca.crt` in it as well, and one alone in `clients`.
"""

import contextlib
import ipaddress
import os
import pwd
import re
import secrets
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from stack.errors import StackError
from stack.instance import Instance
from stack.ports import HOST
from stack.servers import postgres, private_folder, rabbitmq, required, run_as
from stack.services import FRONTEND, NAMES

# An authority outlives what it signs by far; a server's certificate is made anew with each start.
AUTHORITY_DAYS = 3650
DAYS = 90
OF_AN_AUTHORITY = """\
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
"""
OF_A_SERVER = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
authorityKeyIdentifier=keyid
"""
OURS = ("redis", "gateway", "flower", *NAMES, FRONTEND)
CLIENTS = "clients"
SERVERS = (*(f"postgres-{name}" for name in NAMES), "rabbitmq", *OURS)


def switch(instance: Instance, *, on: bool) -> None:
    """Whether this instance speaks TLS from its next start on. The authority is made once, and kept."""
    if not on:
        instance.tls_switch.unlink(missing_ok=True)
        return
    private_folder(instance.tls, owner=None)
    if not _authority(instance).exists():
        _make_authority(instance)
        _trust(instance, _authority(instance).read_text())
    else:
        _trust(instance, instance.trusted.read_text())
    issue(instance)
    instance.tls_switch.touch()


def issue(instance: Instance, servers: Iterable[str] = SERVERS) -> None:
    """New keys, and certificates of the authority of now; who serves shows them when told to, or by itself."""
    _servers_folder(instance)
    for server in servers:
        account = {"rabbitmq": rabbitmq.ACCOUNT}.get(server, postgres.ACCOUNT if server.startswith("postgres-") else "")
        _issue(instance, server, owner=run_as(account) if account else None)


def renew_authority(instance: Instance) -> None:
    """Another authority for what is issued from now on; the one before is trusted until the next renewal."""
    before = _authority(instance).read_text()
    _make_authority(instance)
    _trust(instance, _authority(instance).read_text() + before)


def forget_former(instance: Instance) -> None:
    """From now on only the authority of now is trusted."""
    _trust(instance, _authority(instance).read_text())


def make_for_containers(instance: Instance, *, public_host: str) -> list[str]:
    """The authority of docker compose and what its servers show; the servers whose certificates are new come back.

    What lasts for another month stays. Accounts in containers are not known here: what keeps the keys is the folder of
    the instance, which nobody else may enter; each container sees its own below it.
    """
    for folder in (instance.state, instance.tls):
        private_folder(folder, owner=None).chmod(0o700)
    if not _authority(instance).exists():
        _make_authority(instance)
        _trust(instance, _authority(instance).read_text())
    _servers_folder(instance)
    made = [server for server in SERVERS if not _lasts(instance.certificate(server))]
    for server in made:
        alone = f",{'IP' if _is_address(public_host) else 'DNS'}:{public_host}" if server == "gateway" else ""
        _issue(instance, server, owner=None, mode=0o644, also=alone)
    for reader in (*SERVERS, CLIENTS):
        folder = private_folder(instance.certificate(reader).parent, owner=None)
        folder.chmod(0o755)
        _replace(folder / "ca.crt", instance.trusted.read_text())
    return made


def trusting(instance: Instance) -> ssl.SSLContext | None:
    """For clients of this instance's servers; None when it speaks no TLS."""
    return ssl.create_default_context(cafile=str(instance.trusted)) if instance.is_secured else None


def _authority(instance: Instance) -> Path:
    return instance.tls / "authority.crt"


def _make_authority(instance: Instance) -> None:
    with tempfile.TemporaryDirectory(dir=instance.tls) as draft:
        folder = Path(draft)
        _request(folder, name=f"Marquee {instance.name} {secrets.token_hex(4)}", extensions=OF_AN_AUTHORITY)
        _openssl("x509", "-req", *_lasting(AUTHORITY_DAYS), "-signkey", folder / "key", *_signed(folder))
        _install(folder / "key", instance.tls / "authority.key", owner=None)
        _install(folder / "crt", _authority(instance), owner=None)


def _issue(instance: Instance, server: str, *, owner: str | None, mode: int = 0o600, also: str = "") -> None:
    """also: further names, as OpenSSL writes them."""
    private_folder(instance.certificate(server).parent, owner=owner)
    with tempfile.TemporaryDirectory(dir=instance.tls) as draft:
        folder = Path(draft)
        # Everything listens here; the gateway asks each service by its name.
        names = f"subjectAltName=DNS:{server},DNS:localhost,IP:{HOST}{also}\n"
        _request(folder, name=server, extensions=OF_A_SERVER + names)
        by = ("-CA", _authority(instance), "-CAkey", instance.tls / "authority.key")
        _openssl("x509", "-req", *_lasting(DAYS), *by, *_signed(folder))
        _install(folder / "key", instance.key(server), owner=owner, mode=mode)
        _install(folder / "crt", instance.certificate(server), owner=owner, mode=mode)


def _servers_folder(instance: Instance) -> None:
    """What everybody may enter, for what is in it is kept by its own folder."""
    private_folder(instance.data / "tls", owner=None).chmod(0o755)


def _lasts(certificate: Path) -> bool:
    """Whether it is there, and is one for another month."""
    if not certificate.exists():
        return False
    words = ("x509", "-checkend", str(30 * 24 * 3600), "-noout", "-in", str(certificate))
    return subprocess.run([required("openssl"), *words], capture_output=True, check=False).returncode == 0


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def _request(folder: Path, *, name: str, extensions: str) -> None:
    (folder / "extensions").write_text(extensions)
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "key")
    _openssl("req", "-new", "-sha256", "-key", folder / "key", "-subj", f"/CN={name}", "-out", folder / "request")


def _lasting(days: int) -> tuple[str, ...]:
    return ("-sha256", "-days", str(days), "-set_serial", f"0x{secrets.token_hex(16)}")


def _signed(folder: Path) -> tuple[str | Path, ...]:
    return ("-in", folder / "request", "-extfile", folder / "extensions", "-out", folder / "crt")


def _openssl(*words: str | Path) -> str:
    result = subprocess.run(
        [required("openssl"), *map(str, words)], capture_output=True, text=True, check=False, umask=0o077
    )
    if result.returncode:
        raise StackError(f"openssl {words[0]} failed", details=result.stderr.strip())
    return result.stdout


def _install(made: Path, place: Path, *, owner: str | None, mode: int = 0o600) -> None:
    """Under its name in one step, readable by the server's account alone if not said otherwise."""
    draft = place.with_name(f"{place.name}.new")
    shutil.copyfile(made, draft)
    draft.chmod(mode)
    if owner is not None:
        account = pwd.getpwnam(owner)
        os.chown(draft, account.pw_uid, account.pw_gid)
    draft.replace(place)


def _trust(instance: Instance, pems: str) -> None:
    """In one file, and in a folder where OpenSSL looks by a name whenever it meets somebody that it does not know."""
    _replace(instance.trusted, pems)
    _servers_folder(instance)
    _replace(instance.trusted_by_servers, pems)
    folder = private_folder(instance.trusted_folder, owner=None)
    former = set(folder.iterdir())
    for pem in re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", pems, re.DOTALL):
        _replace(folder / "coming", pem)
        place = folder / f"{_openssl('x509', '-noout', '-subject_hash', '-in', folder / 'coming').strip()}.0"
        (folder / "coming").replace(place)
        former.discard(place)
    for file in former:
        file.unlink()


def _replace(place: Path, text: str) -> None:
    draft = place.with_name(f"{place.name}.new")
    draft.write_text(text)
    draft.chmod(0o644)
    draft.replace(place)

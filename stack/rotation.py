"""Renews the certificates of a running instance, or its authority too. Nobody restarts, and no request fails.

Web processes and Flower see that their files changed; the others are told. In the end each has been seen to show the
certificate that it was given.
"""

import contextlib
import os
import pwd
import signal
import ssl
import subprocess
import time
from collections.abc import Callable

from stack import certificates, lifecycle, probes, processes
from stack.errors import StackError
from stack.lifecycle import Stack
from stack.servers import rabbitmq, redis, replicas, required, run_as
from stack.services import FRONTEND, NAMES

Say = Callable[[str], None]
SHOWN_SECONDS = 30
# A request that has begun is ended by a worker of NGINX that still knows the old authority alone.
DRAINED_SECONDS = 60


def renew(stack: Stack, *, authority: bool, say: Say) -> None:
    """New keys and certificates for all that run. Raises StackError when the instance speaks no TLS or one does not
    show its new certificate.

    authority: they are of a new one, and the one before is trusted until the next renewal; else from now on only the
    authority of now is.
    """
    if not stack.instance.is_secured:
        raise StackError(f"instance {stack.instance.name!r} speaks no TLS: `make up TLS=1` does")
    running = [name for name in certificates.SERVERS if _pid(stack, name)]
    if authority:
        say("a new authority, trusted beside the old one")
        certificates.renew_authority(stack.instance)
        # Before anybody shows what only the new one has signed.
        _reload_gateway(stack)
    say(f"new certificates for {len(running)} servers")
    certificates.issue(stack.instance)
    for name in running:
        _tell(stack, name)
    for name in running:
        _await_shown(stack, name)
    if not authority:
        certificates.forget_former(stack.instance)
        _reload_gateway(stack)


def _tell(stack: Stack, name: str) -> None:
    if name.startswith("postgres-") or name == "gateway":
        for listener in _listeners(stack, name):
            os.kill(_pid(stack, listener), signal.SIGHUP)
    elif name == "redis":
        _tell_redis(stack)
    elif name == "rabbitmq":
        _tell_rabbitmq(stack)


def _tell_redis(stack: Stack) -> None:
    complaint = redis.read_certificate(
        stack.instance,
        port=stack.ports["redis"],
        password=stack.secrets["REDIS_PASSWORD"],
    )
    if complaint:
        raise StackError(f"Redis does not take its certificate: {complaint}")


def _tell_rabbitmq(stack: Stack) -> None:
    """Erlang keeps what it has read for two minutes at most; this makes it forget that now."""
    owner = run_as(rabbitmq.ACCOUNT)
    result = subprocess.run(
        [required("rabbitmqctl", "/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin"), "eval", "ssl:clear_pem_cache()."],
        env={"PATH": os.environ.get("PATH", os.defpath), **rabbitmq.environment(stack.instance, ports=stack.ports)},
        capture_output=True,
        text=True,
        check=False,
        user=owner,
        group=pwd.getpwnam(owner).pw_gid if owner else None,
        extra_groups=[] if owner else None,
        cwd="/",
    )
    if result.returncode:
        raise StackError("RabbitMQ does not read its certificate again", details=result.stderr or result.stdout)


def _reload_gateway(stack: Stack) -> None:
    """NGINX with what its clients trust now, when the last request of before has ended."""
    master = _pid(stack, "gateway")
    if not master:
        return
    before = _children(stack, master)
    os.kill(master, signal.SIGHUP)
    _wait(lambda: not before & _children(stack, master), DRAINED_SECONDS, "the gateway ends no old worker")


def _await_shown(stack: Stack, name: str) -> None:
    _wait(lambda: is_shown(stack, name), SHOWN_SECONDS, f"{name} does not show its new certificate")


def is_shown(stack: Stack, name: str) -> bool:
    """Whether a server shows the certificate that lies ready for it, to somebody who verifies it; its replicas too."""
    return all(_shows(stack, listener, of=name) for listener in _listeners(stack, name))


def _listeners(stack: Stack, name: str) -> list[str]:
    """Who has this certificate: the server, and those replicas of it that run."""
    copies = replicas.names(stack.instance) if name == replicas.PRIMARY else []
    return [name, *(copy for copy in copies if _pid(stack, copy))]


def _shows(stack: Stack, name: str, *, of: str) -> bool:
    port = stack.ports["gateway-tls" if name == "gateway" else name]
    asked = probes.SSL_REQUEST if name.startswith("postgres-") else b""
    wanted = ssl.PEM_cert_to_DER_cert(stack.instance.certificate(of).read_text())
    try:
        with probes.connect(port, trusted=stack.instance.trusted, asked=asked) as connection:
            assert isinstance(connection, ssl.SSLSocket)
            shown = connection.getpeercert(binary_form=True)
            with contextlib.suppress(OSError):
                connection.unwrap()  # RabbitMQ logs whoever goes without a farewell
            return shown == wanted
    except OSError:
        return False


def _children(stack: Stack, parent: int) -> set[int]:
    return {process.pid for process in processes.of_instance(stack.instance) if process.parent == parent}


def _pid(stack: Stack, name: str) -> int:
    """Of what supervisord runs; 0 when it does not run."""
    return stack.supervisor.processes()[f"{name}-web" if name in (*NAMES, FRONTEND) else name].pid


def _wait(done: Callable[[], bool], seconds: float, complaint: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise StackError(f"{complaint} within {seconds:.0f} s")
        time.sleep(lifecycle.POLL_SECONDS)

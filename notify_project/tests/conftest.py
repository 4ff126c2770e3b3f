from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.utils import timezone
from factories import ContactFactory
from servers import SMS_KEY, ScriptedSmtp, Sink

from notifications import delivery, sms
from notifications.models import Contact, Notification
from notifications.smtp import SmtpServer


@pytest.fixture(scope="session")
def message_sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    root = next(folder for folder in Path(project_settings.BASE_DIR).parents if (folder / "mailbox").is_dir())
    server = Sink(code=root / "mailbox", data=tmp_path_factory.mktemp("sink"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sink(message_sink: Sink, settings: Any) -> Iterator[Sink]:
    """The service hands its messages to the real message sink."""
    settings.SMTP_SERVER = SmtpServer("127.0.0.1", message_sink.smtp_port)
    settings.SMS_GATEWAY_URL = f"http://127.0.0.1:{message_sink.http_port}/sms"
    settings.SMS_GATEWAY_API_KEY = SMS_KEY
    settings.DEFAULT_FROM_EMAIL = "Marquee <tickets@marquee.example>"
    settings.PUBLIC_URL = "https://marquee.example"
    settings.SUPPORT_EMAIL = ""
    forget_servers()
    yield message_sink
    forget_servers()


@pytest.fixture
def scripted(settings: Any, sink: Sink) -> Iterator[ScriptedSmtp]:
    """The service hands its mails to a server that does as it is told."""
    with ScriptedSmtp().running() as server:
        settings.SMTP_SERVER = SmtpServer("127.0.0.1", server.port)
        forget_servers()
        yield server
        forget_servers()


@pytest.fixture
def contact(golden: Callable[[str], dict[str, Any]]) -> Contact:
    """Who the golden messages are about."""
    return ContactFactory(user_id=golden("booking.created")["data"]["user_id"], full_name="Minh Khai")


def forget_servers() -> None:
    """Connections and outages of one test are not another's."""
    delivery.forget_connection()
    delivery.forget_outages()
    sms.gateway.cache_clear()


@pytest.fixture
def make_due() -> Callable[[], None]:
    """Time passes: leases end and pauses are over."""

    def pass_time() -> None:
        delivery.forget_outages()
        Notification.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    return pass_time

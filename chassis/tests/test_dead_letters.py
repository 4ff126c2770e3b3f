"""Dead letters: seen without being lost, sent again once, thrown away on purpose only."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any
from uuid import UUID

import amqp
import pytest
from conftest import LOCAL
from django.conf import settings
from django.core.management import CommandError, call_command
from kombu import Connection
from processes import PATIENCE, worker
from test_worker import handled, publish

from chassis.messaging.dead_letters import DeadLetters
from chassis.messaging.housekeeping import measure
from chassis.storage.models import AuditRecord
from chassis.testing import metric, wait_until

pytestmark = pytest.mark.django_db

Depth = Callable[[str], int]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("dead_letters", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def die(broker: str) -> UUID:
    """An event that a handler refused."""
    event_id = publish("thing.made", name="lamp")
    with Connection(broker) as opened:
        channel = opened.channel()

        def reject() -> bool:
            message = channel.basic_get("chassis_queue")
            if message is None:
                return False
            channel.basic_reject(message.delivery_tag, requeue=False)
            return True

        wait_until(reject)
        wait_until(lambda: channel.queue_declare("chassis.dead", passive=True).message_count > 0)
    return event_id


def lose(event_type: str) -> UUID:
    """An event that no queue wanted."""
    return publish(event_type)


def test_looking_takes_nothing_however_often(queues: str, depth: Depth) -> None:
    event_id = die(queues)
    unwanted = lose("thing.nobody.wants")
    wait_until(lambda: depth("unrouted") == 1)
    for _ in range(25):
        assert {letter.id for letter in DeadLetters(()).all()} == {str(event_id), str(unwanted)}
    lines = [line.split("\t") for line in run("list").splitlines()]
    assert [line[:3] for line in lines] == [
        ["chassis.dead", str(event_id), "thing.made"],
        ["unrouted", str(unwanted), "thing.nobody.wants"],
    ]
    assert lines[0][4] == "rejected"
    shown = json.loads(run("show", str(event_id)))
    assert shown["event"]["data"]["name"] == "lamp"
    # The broker takes back what was looked at in its own time.
    wait_until(lambda: DeadLetters(()).counts() == {"chassis.dead": 1, "unrouted": 1})


@pytest.mark.django_db(transaction=True)
def test_a_replayed_letter_has_its_effect_and_one_that_dies_again_is_back(queues: str, depth: Depth) -> None:
    event_id = die(queues)
    refused = publish("thing.refused", name="never")
    with worker():
        wait_until(lambda: depth("chassis.dead") == 2, PATIENCE)
        assert run("replay", str(event_id)) == "1 sent again\n"
        wait_until(lambda: handled(event_id))
        assert run("replay", "--all") == "1 sent again\n"
        wait_until(lambda: depth("chassis.dead") == 1)
    [letter] = DeadLetters(()).all()
    assert letter.id == str(refused)
    assert letter.deaths == 1, "a replayed message starts anew"


def test_a_replayed_letter_keeps_what_celery_and_flower_read(queues: str) -> None:
    event_id = die(queues)
    run("replay", "--all")
    with Connection(queues) as opened:
        message = opened.channel().basic_get("chassis_queue", no_ack=True)
    assert message.headers["id"] == str(event_id)
    assert message.headers["task"] == "thing.made"
    assert message.properties["content_type"] == "application/json"
    assert message.properties["delivery_mode"] == 2
    assert not [name for name in message.headers if name.startswith(("x-death", "x-first-death", "x-last-death"))]


def test_a_replay_that_cannot_arrive_keeps_the_letter(queues: str, settings: Any) -> None:
    die(queues)
    settings.QUEUE_NAME = "not-declared"
    with pytest.raises(CommandError, match="RabbitMQ"):
        run("replay", "--all")
    # The broker takes back what was looked at in its own time.
    wait_until(lambda: DeadLetters(()).counts()["chassis.dead"] == 1)


def test_of_the_unrouted_a_service_takes_as_a_whole_only_what_it_handles(queues: str, depth: Depth) -> None:
    theirs = lose("thing.nobody.wants")
    with Connection(queues) as opened:
        channel = opened.channel()
        channel.queue_unbind("chassis_queue", settings.EVENTS_EXCHANGE, "thing.made")
        ours = publish("thing.made")
        wait_until(lambda: depth("unrouted") == 2)
        channel.queue_bind("chassis_queue", settings.EVENTS_EXCHANGE, "thing.made")
    assert run("replay", "--all") == "1 sent again\n"
    wait_until(lambda: depth("chassis_queue") == 1)
    assert [letter.id for letter in DeadLetters(()).all()] == [str(theirs)]
    with Connection(queues) as opened:
        assert opened.channel().basic_get("chassis_queue", no_ack=True).headers["id"] == str(ours)


def test_what_is_discarded_is_gone_and_the_rest_stays(queues: str, depth: Depth) -> None:
    first, second = die(queues), die(queues)
    wait_until(lambda: depth("chassis.dead") == 2)
    assert run("discard", str(first)) == "1 discarded\n"
    assert [letter.id for letter in DeadLetters(()).all()] == [str(second)]
    assert run("discard", "--all") == "1 discarded\n"
    assert DeadLetters(()).all() == []
    assert [(entry.action, entry.door, entry.after["letters"]) for entry in AuditRecord.objects.order_by("id")] == [
        ("dead_letters.discard", "command", [str(first)]),
        ("dead_letters.discard", "command", "all"),
    ]


def test_a_message_that_is_no_event_can_be_seen_and_discarded(queues: str) -> None:
    with Connection(queues) as opened:
        opened.channel().basic_publish(amqp.Message(b"\xff garbage"), exchange="", routing_key="chassis.dead")
    wait_until(lambda: DeadLetters(()).counts()["chassis.dead"] == 1)
    [letter] = DeadLetters(()).all()
    assert "garbage" in run("show", letter.id)
    assert run("discard", letter.id) == "1 discarded\n"


def test_an_unknown_id_or_none_at_all_is_an_error(queues: str) -> None:
    for arguments in (("show", "x"), ("replay", "x"), ("discard", "x"), ("replay",), ("discard", "x", "--all")):
        with pytest.raises(CommandError):
            run(*arguments)


def test_a_broker_that_is_away_is_said_in_one_line(settings: Any) -> None:
    settings.RABBITMQ_URL = "amqp://guest:guest@127.0.0.1:9/%2F"
    with pytest.raises(CommandError, match="RabbitMQ"):
        run("list")


def test_the_backlog_is_measured(queues: str, depth: Depth) -> None:
    die(queues)
    lose("thing.nobody.wants")
    wait_until(lambda: depth("unrouted") == 1)
    measure()
    assert metric("dead_letters", queue="chassis.dead") == 1
    assert metric("dead_letters", queue="unrouted") == 1


def test_a_superuser_replays_from_the_admin(queues: str, depth: Depth, admin_client: Any) -> None:
    event_id = die(queues)
    assert b"dead-letters" in admin_client.get("/admin/chassis/").content
    page = admin_client.get("/admin/chassis/dead-letters/")
    assert str(event_id) in page.content.decode()
    assert "lamp" not in page.content.decode()
    done = admin_client.post("/admin/chassis/dead-letters/", {"action": "replay", "id": [str(event_id)]}, follow=True)
    assert "1 sent again" in done.content.decode()
    entry = AuditRecord.objects.get()
    assert (entry.action, entry.actor_name, entry.door) == ("dead_letters.replay", "admin", "admin")
    assert depth("chassis_queue") == 1


def test_other_staff_may_only_look(queues: str, depth: Depth, client: Any, django_user_model: Any) -> None:
    event_id = die(queues)
    client.force_login(django_user_model.objects.create(username="support", is_staff=True), backend=LOCAL)
    assert str(event_id) in client.get("/admin/chassis/dead-letters/").content.decode()
    refused = client.post("/admin/chassis/dead-letters/", {"action": "discard", "id": [str(event_id)]})
    assert refused.status_code == 403
    assert depth("chassis.dead") == 1


def test_nobody_else_sees_the_page(api: Any) -> None:
    assert api.get("/admin/chassis/dead-letters/").status_code == 302


def test_the_admin_says_that_the_broker_is_away(admin_client: Any, settings: Any) -> None:
    settings.RABBITMQ_URL = "amqp://guest:guest@127.0.0.1:9/%2F"
    page = admin_client.get("/admin/chassis/dead-letters/")
    assert page.status_code == 200
    assert "RabbitMQ does not answer" in page.content.decode()

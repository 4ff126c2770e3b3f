"""The one scheduler: ticks to the exchange `clock`. What a tick means stands in each service's TICKS table.

Run with `celery -A chassis.messaging.clock beat --scheduler celery.beat:Scheduler`; needs RABBITMQ_URL, nothing else.
Two of them at once do no harm: every job that a tick starts is safe to repeat.
"""

import logging
import os

from celery import Celery
from kombu import Queue

from chassis.messaging import broker
from chassis.messaging.exchanges import CLOCK

TICKS = {"clock.second": 1.0, "clock.minute": 60.0, "clock.hour": 3600.0, "clock.day": 86400.0}

# It would say of every tick that it sends it.
logging.getLogger("celery.beat").setLevel(logging.WARNING)

app = Celery("clock")
app.conf.update(
    broker_url=os.environ["RABBITMQ_URL"],
    broker_use_ssl=broker.tls(os.environ["RABBITMQ_URL"]),
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=4,
    task_ignore_result=True,
    # Celery wants a default queue; ticks name their exchange, so it is never declared.
    task_queues=[Queue("clock", exchange=CLOCK, routing_key="clock.none")],
    task_default_queue="clock",
    task_create_missing_queues=False,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
    beat_max_loop_interval=1,
    beat_schedule={
        name: {
            "task": name,
            "schedule": seconds,
            "options": {
                "exchange": CLOCK.name,
                "routing_key": name,
                "declare": [CLOCK],
                "delivery_mode": 1,
                "expires": seconds,
            },
        }
        for name, seconds in TICKS.items()
    },
)

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# With a pool a connection gives up a server that does not answer; each thread has one: of the ticks, and of the events.
os.environ.setdefault("DATABASE_POOL_SIZE", str(int(os.environ.get("WORKER_CONCURRENCY", "4")) + 2))
django.setup()

from bookings.handlers import HANDLERS, TICKS, lock  # noqa: E402
from chassis.messaging.worker import celery_app  # noqa: E402

app = celery_app(handlers=HANDLERS, ticks=TICKS, lock=lock)

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# With a pool a connection gives up a server that does not answer; its threads have one each.
os.environ.setdefault("DATABASE_POOL_SIZE", "16")
django.setup()

from chassis.messaging.worker import celery_app  # noqa: E402
from payments.handlers import HANDLERS, TICKS, lock  # noqa: E402

app = celery_app(handlers=HANDLERS, ticks=TICKS, lock=lock)

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from things.handlers import HANDLERS, TICKS  # noqa: E402

from chassis.messaging.worker import celery_app  # noqa: E402

app = celery_app(handlers=HANDLERS, ticks=TICKS)

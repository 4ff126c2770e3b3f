from chassis.settings import service_settings

globals().update(service_settings(name="catalog", app="catalog", title="Marquee Catalog"))

INSTALLED_APPS = [*globals()["INSTALLED_APPS"], "django.contrib.postgres"]

import os

from chassis.settings import service_settings

# Two consumers of one event are two services: NAMED is how a second one is called.
_settings = service_settings(name=os.environ.get("NAMED", "chassis"), app="things", title="Things")
# Whatever database the environment names: the tests have their own beside it.
_settings["DATABASES"]["default"]["TEST"] = {"NAME": "test_chassis"}
_settings["ALLOWED_HOSTS"] = ["*"]
_settings["EVENT_EXCHANGES"] = {"thing": "chassis_events"}
_settings["PASSWORD_HASHERS"] = ["django.contrib.auth.hashers.MD5PasswordHasher"]
globals().update(_settings)

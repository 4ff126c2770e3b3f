from chassis.settings import service_settings

_settings = service_settings(name="chassis", app="things", title="Things")
# Whatever database the environment names: the tests have their own beside it.
_settings["DATABASES"]["default"]["TEST"] = {"NAME": "test_chassis"}
_settings["ALLOWED_HOSTS"] = ["*"]
_settings["EVENT_EXCHANGES"] = {"thing": "chassis_events"}
_settings["PASSWORD_HASHERS"] = ["django.contrib.auth.hashers.MD5PasswordHasher"]
globals().update(_settings)

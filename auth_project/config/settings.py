from chassis.settings import service_settings

globals().update(service_settings(name="auth", app="accounts", title="Marquee Auth"))

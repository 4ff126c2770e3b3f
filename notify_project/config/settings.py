from chassis.settings import service_settings

globals().update(service_settings(name="notify", app="notifications", title="Marquee Notify"))

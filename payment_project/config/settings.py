from chassis.settings import service_settings

globals().update(service_settings(name="payment", app="payments", title="Marquee Payment"))

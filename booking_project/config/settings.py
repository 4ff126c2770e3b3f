from chassis.settings import service_settings

globals().update(service_settings(name="booking", app="bookings", title="Marquee Booking"))

from chassis.telemetry import metrics

SOCKETS = metrics.gauge("live_seats_sockets", "Open sockets", mode="livesum")
SHOWTIMES = metrics.gauge("live_seats_showtimes", "Showtimes that somebody watches", mode="livesum")
READS = metrics.counter("live_seats_reads_total", "Seat maps read from the database", ["outcome"])
SENT = metrics.counter("live_seats_messages_total", "Messages sent to sockets", ["type"])
TOLD = metrics.histogram("live_seats_told_seconds", "From the wake by Redis to the last socket that was told")
CUT_OFF = metrics.counter("live_seats_cut_off_total", "Sockets that were closed", ["reason"])
REFUSED = metrics.counter("live_seats_refused_total", "Sockets that were not opened", ["reason"])

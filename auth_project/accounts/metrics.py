from chassis.telemetry.metrics import counter

SIGN_INS = counter("auth_sign_ins_total", "Attempts to sign in", ["outcome"])
REFRESHES = counter("auth_refreshes_total", "Refresh tokens presented", ["outcome"])
REGISTRATIONS = counter("auth_registrations_total", "Accounts opened")

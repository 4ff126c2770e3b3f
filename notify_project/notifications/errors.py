from chassis.web.problems import Conflict, Unprocessable


class UnknownContact(Unprocessable):
    code = "unknown_contact"
    title = "There is no contact with this user id, or it has no address for this channel"


class NotResendable(Conflict):
    code = "not_resendable"
    title = "This notification cannot be sent again"


class BookingHasEnded(NotResendable):
    code = "booking_ended"
    title = "Its booking has ended, so this is not true any more"


class OutOfDate(NotResendable):
    code = "notification_out_of_date"
    title = "What this notification tells is over"

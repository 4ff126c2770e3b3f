from django.urls import path

from shop import checkout, exchanging, giving_back, pages, papers, seats, sign_in, tickets

urlpatterns = [
    path("", pages.home, name="home"),
    path("films/<slug:slug>/", pages.film, name="film"),
    path("cinemas/", pages.cinemas, name="cinemas"),
    path("cinemas/<uuid:theater_id>/", pages.cinema, name="cinema"),
    path("cinemas/<uuid:theater_id>/choose/", pages.choose_cinema, name="choose_cinema"),
    path("showtimes/<uuid:showtime_id>/", seats.showtime, name="showtime"),
    path("showtimes/<uuid:showtime_id>/price/", seats.price, name="price"),
    path("who/", checkout.who, name="who"),
    path("bookings/", tickets.bookings, name="bookings"),
    path("bookings/<uuid:booking_id>/", tickets.booking, name="booking"),
    path("bookings/<uuid:booking_id>/status/", tickets.status, name="booking_status"),
    path("bookings/<uuid:booking_id>/keep/", tickets.keep, name="keep"),
    path("bookings/<uuid:booking_id>/calendar.ics", papers.calendar, name="calendar"),
    path("bookings/<uuid:booking_id>/tickets.pdf", papers.pdf, name="pdf"),
    path("bookings/<uuid:booking_id>/seats/<uuid:seat_id>/ticket.pkpass", papers.apple_pass, name="apple_pass"),
    path("bookings/<uuid:booking_id>/seats/<uuid:seat_id>/google/", papers.google_pass, name="google_pass"),
    path("bookings/<uuid:booking_id>/receipt/", papers.receipt, name="receipt"),
    path("bookings/<uuid:booking_id>/cancel/", giving_back.cancel, name="cancel"),
    path("bookings/<uuid:booking_id>/give-back/", giving_back.give_back, name="give_back"),
    path("bookings/<uuid:booking_id>/exchange/", exchanging.exchange, name="exchange"),
    path("bookings/<uuid:booking_id>/exchange/<uuid:showtime_id>/", exchanging.exchange_for, name="exchange_for"),
    path("bookings/<uuid:booking_id>/pay/", checkout.checkout, name="checkout"),
    path("bookings/<uuid:booking_id>/extend/", checkout.extend, name="extend"),
    path("bookings/<uuid:booking_id>/card/", checkout.card_page, name="card_page"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("register/", sign_in.register, name="register"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("me/", sign_in.me, name="me"),
]

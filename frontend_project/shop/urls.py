from django.urls import path

from shop import checkout, installing, pages, reading, seats, sign_in, tickets

urlpatterns = [
    path("", pages.home, name="home"),
    path("films/<slug:slug>/", pages.film, name="film"),
    path("cinemas/", pages.cinemas, name="cinemas"),
    path("cinemas/<uuid:theater_id>/", pages.cinema, name="cinema"),
    path("cinemas/<uuid:theater_id>/choose/", pages.choose_cinema, name="choose_cinema"),
    path("showtimes/<uuid:showtime_id>/", seats.showtime, name="showtime"),
    path("showtimes/<uuid:showtime_id>/price/", seats.price, name="price"),
    path("search/", reading.search, name="search"),
    path("coming/", reading.coming, name="coming"),
    path("help/", reading.page_of("shop/help.html"), name="help"),
    path("terms/", reading.page_of("shop/terms.html"), name="terms"),
    path("accessibility/", reading.page_of("shop/accessibility.html"), name="accessibility"),
    path("offline/", installing.offline),
    path("who/", checkout.who, name="who"),
    path("bookings/", tickets.bookings, name="bookings"),
    path("bookings/<uuid:booking_id>/", tickets.booking, name="booking"),
    path("bookings/<uuid:booking_id>/status/", tickets.status, name="booking_status"),
    path("bookings/<uuid:booking_id>/cancel/", tickets.cancel, name="cancel"),
    path("bookings/<uuid:booking_id>/pay/", checkout.checkout, name="checkout"),
    path("bookings/<uuid:booking_id>/extend/", checkout.extend, name="extend"),
    path("bookings/<uuid:booking_id>/card/", checkout.card_page, name="card_page"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("register/", sign_in.register, name="register"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("me/", sign_in.me, name="me"),
]

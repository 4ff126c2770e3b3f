from django.urls import path

from bookings import (
    api,
    doors_api,
    exchanges_api,
    promo_files_api,
    promotions_api,
    returns_api,
    seat_changes_api,
    showtimes_api,
)

urlpatterns = [
    path("bookings", api.BookingListView.as_view()),
    path("bookings/<uuid:booking_id>", api.BookingView.as_view()),
    path("bookings/<uuid:booking_id>/cancellation", api.CancellationView.as_view()),
    path("bookings/<uuid:booking_id>/exchange", exchanges_api.ExchangeView.as_view()),
    path("bookings/<uuid:booking_id>/exchange/quote", exchanges_api.ExchangeQuoteView.as_view()),
    path("bookings/<uuid:booking_id>/extend", api.ExtensionView.as_view()),
    path("bookings/<uuid:booking_id>/give-back", returns_api.GiveBackView.as_view()),
    path("bookings/<uuid:booking_id>/give-back/quote", returns_api.GiveBackQuoteView.as_view()),
    path("bookings/<uuid:booking_id>/history", api.HistoryView.as_view()),
    path("bookings/<uuid:booking_id>/seats", seat_changes_api.SeatChangesView.as_view()),
    path("promotions", promotions_api.PromotionListView.as_view()),
    path("promotions/<uuid:promotion_id>", promotions_api.PromotionView.as_view()),
    path("promotions/<uuid:promotion_id>/codes", promotions_api.PromoCodeListView.as_view()),
    path("promotions/<uuid:promotion_id>/vouchers", promotions_api.VouchersView.as_view()),
    path("promotions:export", promo_files_api.ExportedPromotions.as_view()),
    path("promotions/<uuid:promotion_id>/vouchers:import", promo_files_api.ImportedVouchers.as_view()),
    path("promotions/<uuid:promotion_id>/uses", promotions_api.PromoUseListView.as_view()),
    path("showtimes/<uuid:showtime_id>/quote", api.QuoteView.as_view()),
    path("showtimes/<uuid:showtime_id>/seats", api.SeatMapView.as_view()),
    path("showtimes/<uuid:showtime_id>/seats/blocked", api.BlockedSeatsView.as_view()),
    path("showtimes/<uuid:showtime_id>/seats/in-screen/<uuid:screen_id>", showtimes_api.ScreenMoveView.as_view()),
    path("showtimes/<uuid:showtime_id>/tickets/revoked", doors_api.RevokedTicketsView.as_view()),
    path("tickets/check-in", doors_api.CheckInView.as_view()),
    path("tickets/.well-known/jwks.json", doors_api.TicketKeysView.as_view()),
]

from django.urls import path

from payments import api, gift_cards_api, outside_api, payouts_api, receipts_api

urlpatterns = [
    path("payments", api.PaymentListView.as_view()),
    path("payments/<uuid:payment_id>", api.PaymentView.as_view()),
    path("payments/<uuid:payment_id>/receipt", receipts_api.PaymentReceiptView.as_view()),
    path("payments/<uuid:payment_id>/receipt/page", receipts_api.PaymentReceiptPageView.as_view()),
    path("payments/methods", api.MethodListView.as_view()),
    path("payments/methods/<uuid:method_id>", api.MethodView.as_view()),
    path("payments/pay-outs", payouts_api.PayOutListView.as_view()),
    path("payments/pay-outs/<uuid:payout_id>", payouts_api.PayOutView.as_view()),
    path("payments/pay-outs/<uuid:payout_id>/paid", payouts_api.PaidOutView.as_view()),
    path("payments/webhooks/<slug:provider>", api.WebhookView.as_view()),
    path("gift-cards", gift_cards_api.GiftCardListView.as_view()),
    path("gift-cards/balance", gift_cards_api.BalanceView.as_view()),
    path("gift-cards/issues", gift_cards_api.IssueListView.as_view()),
    path("gift-cards/issues/<uuid:issue_id>", gift_cards_api.IssueView.as_view()),
    path("gift-cards/issues/<uuid:issue_id>/approve", gift_cards_api.IssueApprovalView.as_view()),
    path("gift-cards/issues/<uuid:issue_id>/codes", gift_cards_api.CodesView.as_view()),
    path("gift-cards/issues/<uuid:issue_id>/refuse", gift_cards_api.IssueRefusalView.as_view()),
    path("gift-cards/<uuid:card_id>", gift_cards_api.GiftCardView.as_view()),
    path("gift-cards/<uuid:card_id>/lines", gift_cards_api.LineListView.as_view()),
    path("gift-cards/<uuid:card_id>/block", gift_cards_api.BlockView.as_view()),
    path("gift-cards/<uuid:card_id>/unblock", gift_cards_api.UnblockView.as_view()),
    path("receipts", receipts_api.ReceiptListView.as_view()),
    path("refunds", api.RefundListView.as_view()),
    path("refunds/outside", outside_api.GivenOutsideView.as_view()),
    path("refunds/<uuid:refund_id>", api.RefundView.as_view()),
    path("refunds/<uuid:refund_id>/approve", api.RefundApprovalView.as_view()),
    path("refunds/<uuid:refund_id>/refuse", api.RefundRefusalView.as_view()),
]

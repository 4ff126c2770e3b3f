from django.urls import path

from payments import api, outside_api, receipts_api

urlpatterns = [
    path("payments", api.PaymentListView.as_view()),
    path("payments/<uuid:payment_id>", api.PaymentView.as_view()),
    path("payments/<uuid:payment_id>/receipt", receipts_api.PaymentReceiptView.as_view()),
    path("payments/methods", api.MethodListView.as_view()),
    path("payments/methods/<uuid:method_id>", api.MethodView.as_view()),
    path("payments/webhooks/<slug:provider>", api.WebhookView.as_view()),
    path("receipts", receipts_api.ReceiptListView.as_view()),
    path("refunds", api.RefundListView.as_view()),
    path("refunds/outside", outside_api.GivenOutsideView.as_view()),
    path("refunds/<uuid:refund_id>", api.RefundView.as_view()),
    path("refunds/<uuid:refund_id>/approve", api.RefundApprovalView.as_view()),
    path("refunds/<uuid:refund_id>/refuse", api.RefundRefusalView.as_view()),
]

"""Vouchers that were printed elsewhere come from a file: all of them or none; and promotions go into one."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from factories import PromoCodeFactory, PromotionFactory

from bookings.models import PromoCode
from chassis.codes import digest_of, new_code
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(sign_in: Callable[..., Any]) -> Any:
    return sign_in(("manager",))


def send(api: Any, promotion: Any, *codes: str, query: str = "") -> Any:
    body = "\n".join(["code", *codes]).encode()
    return api.generic("POST", f"/promotions/{promotion.pk}/vouchers:import{query}", body, content_type="text/csv")


def test_vouchers_of_a_file_are_codes_of_one_booking_each(manager: Any) -> None:
    promotion, codes = PromotionFactory(), [new_code(), new_code().lower().replace("-", " ")]
    assert send(manager, promotion, *codes, query="?dry_run=true").json() == {"dry_run": True, "lines": 2, "errors": []}
    assert not PromoCode.objects.exists()
    assert send(manager, promotion, *codes).json() == {"dry_run": False, "lines": 2, "errors": []}
    for code in codes:
        row = PromoCode.objects.get(digest=digest_of(code))
        assert (row.promotion, row.word, row.last4, row.most_uses) == (promotion, "", code.upper()[-4:], 1)
    [record] = AuditRecord.objects.filter(action="promotion.vouchers_brought")
    assert (record.after, record.actor_id) == ({"vouchers": 2}, str(manager.user_id))


def test_of_a_file_with_a_bad_code_none_is_taken_and_each_is_named(manager: Any) -> None:
    promotion, good = PromotionFactory(), new_code()
    there = new_code()
    PromoCodeFactory(digest=digest_of(there))
    answer = send(manager, promotion, good, "TOOSHORT", "ÄÖÜ" * 8, good.replace("-", ""), there)
    assert answer.status_code == 409
    assert [(each["line"], each["code"]) for each in answer.json()["errors"]] == [
        *((3, "no_voucher"), (4, "no_voucher"), (5, "twice"), (6, "promo_code_taken")),
    ]
    assert good not in answer.content.decode()
    assert PromoCode.objects.count() == 1


def test_a_promotion_that_was_stopped_takes_none(manager: Any) -> None:
    promotion = PromotionFactory()
    manager.delete(f"/promotions/{promotion.pk}")
    assert send(manager, promotion, new_code()).json()["code"] == "promotion_stopped"


def test_managers_alone_bring_vouchers_and_staff_takes_promotions_along(sign_in: Callable[..., Any]) -> None:
    promotion = PromotionFactory(name="=1+1")
    support = sign_in(("support",))
    assert send(support, promotion, new_code()).status_code == 403
    assert sign_in().get("/promotions:export").status_code == 403
    lines = b"".join(support.get("/promotions:export").streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(lines))
    assert (row["id"], row["name"]) == (str(promotion.pk), "'=1+1")
    assert AuditRecord.objects.filter(action="promotions.exported", subject_id="csv").count() == 1


def test_in_the_admin_site_a_file_is_looked_at_and_then_imported(client: Client) -> None:
    enter(client, "manager", username="linh")
    promotion, code = PromotionFactory(), new_code()
    address = f"{reverse('admin:bookings_import_vouchers')}?of={promotion.pk}"
    assert address in client.get(reverse("admin:bookings_codes", args=[promotion.pk])).content.decode()
    shown = client.post(address, {"file": SimpleUploadedFile("vouchers.csv", f"code\n{code}\n".encode())})
    assert not PromoCode.objects.exists()
    assert client.post(address, {"do": shown.context["kept"]}).status_code == 302
    assert PromoCode.objects.get().digest == digest_of(code)

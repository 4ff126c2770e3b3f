"""What the API document shows of requests: examples that the API takes as they are."""

from chassis.web.openapi import sends

PHRASE = "a-long-phrase-42"
MAILED_TOKEN = "YQ3vWnS2mXq7tJ0cLr5pB8dKfZ1hUe6oGi9sAa4bTxM"  # noqa: S105  (an example)
REFRESH_TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl"  # noqa: S105  (an example)

REGISTER = sends(
    a_customer={
        "username": "ada",
        "email": "ada@customers.example",
        "password": PHRASE,
        "full_name": "Ada Lovelace",
        "phone": "+84901234567",
        "language": "en-GB",
        "time_zone": "Asia/Ho_Chi_Minh",
    }
)
GUEST = sends(somebody={"email": "ada@customers.example", "full_name": "Ada Lovelace", "language": "en-GB"})
SIGN_IN = sends(
    by_user_name={"username": "ada", "password": PHRASE},
    by_address={"email": "ada@customers.example", "password": PHRASE},
)
REFRESH = sends(the_latest_refresh_token={"refresh_token": REFRESH_TOKEN})
SIGN_OUT = sends(
    the_session_of_the_access_token={},
    the_session_of_a_refresh_token={"refresh_token": REFRESH_TOKEN},
    every_session_of_the_account={"everywhere": True},
)
CHANGE_ME = sends(
    another_name={"full_name": "Ada King", "phone": "+84907654321"},
    another_language={"language": "vi", "time_zone": "Asia/Ho_Chi_Minh"},
    another_address={"email": "countess@customers.example", "current_password": PHRASE},
)
CHANGE_RIGHTS = sends(
    a_manager_of_one_theater={"roles": ["customer", "manager"], "theaters": ["019ab1c8-3000-7a00-8000-000000000001"]},
    with_a_reason={"roles": ["customer", "support"], "reason": "On leave until March; Minh stands in."},
    every_theater={"theaters": []},
)
CHANGE_PASSWORD = sends(another_one={"current_password": PHRASE, "new_password": "another-phrase-42"})
REQUEST_RESET = sends(by_address={"email": "ada@customers.example"})
RESET = sends(
    with_the_mailed_token={"token": MAILED_TOKEN, "new_password": "another-phrase-42"},
    of_one_of_several_accounts={"token": MAILED_TOKEN, "new_password": "another-phrase-42", "username": "ada"},
)
VERIFY = sends(with_the_mailed_token={"token": MAILED_TOKEN})

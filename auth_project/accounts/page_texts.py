"""What the pages behind mailed links say, by language: a heading and its paragraphs, or a single label."""

TEXTS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "verify": ("Confirm your e-mail address", "Is this address yours? Then confirm it, and tickets come here."),
        "verified": ("Your address is confirmed", "Thank you. You can close this page."),
        "verify_dead": (
            "This link is no longer good",
            "It was used already, it is more than three days old, or a newer one was mailed. If your address is still"
            " to be confirmed, sign in and ask for another mail.",
        ),
        "reset": ("Choose a new password", "At least eight characters. Everybody who is signed in will be signed out."),
        "reset_dead": (
            "This link is no longer good",
            "It was used already, it is more than an hour old, or a newer one was mailed. Ask for another:",
        ),
        "forgotten": ("Set a new password", "To which address may we mail a link?"),
        "mailed": (
            "Look into your mailbox",
            "If this address has an account, a mail with a link is on its way. It is good for an hour.",
        ),
        "password_set": ("Your new password is set", "Sign in with it. You were signed out everywhere."),
        "cookies_needed": (
            "This did not work",
            "Open the link of the mail once more, in a browser that keeps cookies while you do so.",
        ),
        "which_account": ("Several accounts have this address. Choose the one that is yours.",),
        "account_missing": ("Choose one of the accounts.",),
        "passwords_differ": ("The two passwords differ.",),
        "password_length": ("A password has 8 to 128 characters.",),
        "address_wrong": ("This is no e-mail address.",),
        "label_account": ("Account",),
        "label_confirm": ("Confirm this address",),
        "label_password": ("New password",),
        "label_again": ("The same once more",),
        "label_set": ("Set the password",),
        "label_address": ("E-mail address",),
        "label_mail": ("Mail me a link",),
    },
    "vi": {
        "verify": (
            "Xác nhận địa chỉ e-mail",
            "Địa chỉ này có phải của bạn không? Hãy xác nhận để nhận vé tại đây.",
        ),
        "verified": ("Địa chỉ đã được xác nhận", "Cảm ơn bạn. Bạn có thể đóng trang này."),
        "verify_dead": (
            "Liên kết không còn hiệu lực",
            "Liên kết đã được dùng, đã quá ba ngày, hoặc có liên kết mới hơn. Nếu địa chỉ chưa được xác nhận, hãy đăng "
            "nhập và yêu cầu gửi lại thư.",
        ),
        "reset": ("Chọn mật khẩu mới", "Ít nhất tám ký tự. Mọi thiết bị đang đăng nhập sẽ bị đăng xuất."),
        "reset_dead": (
            "Liên kết không còn hiệu lực",
            "Liên kết đã được dùng, đã quá một giờ, hoặc có liên kết mới hơn. Hãy yêu cầu liên kết khác:",
        ),
        "forgotten": ("Đặt mật khẩu mới", "Chúng tôi gửi liên kết đến địa chỉ nào?"),
        "mailed": (
            "Hãy xem hộp thư của bạn",
            "Nếu địa chỉ này có tài khoản, thư kèm liên kết đang được gửi đến. Liên kết có hiệu lực trong một giờ.",
        ),
        "password_set": (
            "Mật khẩu mới đã được đặt",
            "Hãy đăng nhập bằng mật khẩu mới. Bạn đã được đăng xuất ở mọi nơi.",
        ),
        "cookies_needed": (
            "Không thực hiện được",
            "Hãy mở lại liên kết trong thư bằng trình duyệt cho phép cookie.",
        ),
        "which_account": ("Nhiều tài khoản dùng địa chỉ này. Hãy chọn tài khoản của bạn.",),
        "account_missing": ("Hãy chọn một tài khoản.",),
        "passwords_differ": ("Hai mật khẩu không giống nhau.",),
        "password_length": ("Mật khẩu có từ 8 đến 128 ký tự.",),
        "address_wrong": ("Đây không phải là địa chỉ e-mail.",),
        "label_account": ("Tài khoản",),
        "label_confirm": ("Xác nhận địa chỉ này",),
        "label_password": ("Mật khẩu mới",),
        "label_again": ("Nhập lại mật khẩu",),
        "label_set": ("Đặt mật khẩu",),
        "label_address": ("Địa chỉ e-mail",),
        "label_mail": ("Gửi liên kết cho tôi",),
    },
}

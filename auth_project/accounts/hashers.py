from django.conf import settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher


class BCryptSHA256(BCryptSHA256PasswordHasher):
    """bcrypt over SHA-256, so that a password may be longer than 72 bytes; the cost is BCRYPT_ROUNDS.

    One hash takes about 250 ms at cost 12. The bcrypt library lets go of the interpreter lock meanwhile, so the other
    threads of a web worker go on.
    """

    @property
    def rounds(self) -> int:  # type: ignore[override]  # a setting, read when it is needed
        rounds: int = settings.BCRYPT_ROUNDS
        return rounds

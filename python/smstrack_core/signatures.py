"""Whether a webhook was made by whom it says: one request at a time, without a server.

The checks are in the core (rust/engine/src/verify); here live only the words for people.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from smstrack_core import _core
from smstrack_core._core import schemes

__all__ = ["Verdict", "schemes", "verify"]

Headers = Mapping[str, str | bytes] | Sequence[tuple[str, str | bytes]]


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is believed; true in a condition if it is."""

    ok: bool
    """The signature holds for what was received."""
    reason: str | None = None
    """Stable word for the part that does not hold (docs/signatures.md lists them)."""
    message: str | None = None
    """The same as a sentence; never a secret, never the signature that was expected."""

    def __bool__(self) -> bool:
        """`ok`."""
        return self.ok


def verify(
    scheme: str,
    method: str,
    url: str,
    headers: Headers,
    body: bytes | str,
    secrets: str | bytes | Sequence[str | bytes],
    now: float | None = None,
    *,
    peer: str | None = None,
) -> Verdict:
    """Checks the signature of one request, on the bytes as they were received.

        verdict = sms.verify("twilio-hmac-sha1", "POST", url, headers, body, auth_token)
        if not verdict:
            return 403, verdict.reason

    Args:
        scheme: One of `schemes()`.
        method: `GET`, `POST`.
        url: The public URL with its query, as the provider was told to call it: behind a proxy
            that is not the URL which the server saw.
        headers: Names in any case, with their values; pairs if a name may come twice.
        body: The raw body. A str stands for its UTF-8 bytes.
        secrets: The shared secret, public key, certificate (PEM) or list of addresses; several
            while they are being changed, at most 8. One that fits is enough.
        now: Seconds since 1970-01-01 UTC, for schemes with a window; left out, the clock's.
        peer: Address of the sender, for `ip-allow-list`.

    Returns:
        The verdict. A secret that cannot be used with the scheme is `key_invalid`: the request
        is not believed.

    Raises:
        InputError: unknown_name, there is no such scheme.
        TypeError: An argument of another type.

    Blocks on nothing; the GIL is released.
    """
    given = [secrets] if isinstance(secrets, str | bytes) else list(secrets)
    raw = body.encode() if isinstance(body, str) else body
    now_s = int(time.time() if now is None else now)
    found = _core.verify(scheme, method, url, headers, raw, list(map(_bytes, given)), now_s, peer)
    if found is None:
        return Verdict(ok=True)
    reason, message = found
    return Verdict(ok=False, reason=reason, message=message)


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret

"""Fetching the certificates that SNS signs with: off the request path, once for each URL.

The core decides which URLs may be asked (https, sns.REGION.amazonaws.com, .pem); requests that
name a certificate which is not there yet are answered 503, and the sender sends them again.
"""

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Final, final

import trio

from smstrack_core import _core

Fetcher = Callable[[str], bytes]
"""Gives the PEM behind a URL, or raises; called in a thread, one URL at a time."""

_TIMEOUT_S: Final = 10.0
"""Amazon answers within one; a request waits for nobody meanwhile."""
_PEM_BYTES_MAX: Final = 64 * 1024
"""A certificate has 2 kB, a chain not ten times as much."""
_PAUSE_S: Final = 30.0
"""Between two tries of a URL that failed: SNS itself tries again for an hour."""
_PAUSED_COUNT_MAX: Final = 256
"""URLs that are remembered as failed."""


@final
class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Another place could be any place."""

    def redirect_request(self, *_: object) -> None:
        """Refuses."""


def fetch(url: str) -> bytes:
    """Fetches a certificate over TLS; follows no redirect.

    Raises:
        OSError: The other side did not answer, or not with a certificate's size.
        ValueError: Certificates are not kept at this URL.

    Blocks for up to ten seconds.
    """
    if not _core.is_certificate_url(url):
        message = "certificates are kept at https://sns.REGION.amazonaws.com/"
        raise ValueError(message)
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(url, timeout=_TIMEOUT_S) as response:
        pem: bytes = response.read(_PEM_BYTES_MAX + 1)
    if len(pem) > _PEM_BYTES_MAX:
        message = f"the certificate has more than {_PEM_BYTES_MAX} bytes"
        raise OSError(message)
    return pem


@final
class Certificates:
    """Fetches what a door wants, for as long as `run` does."""

    def __init__(self, door: _core.Door, fetcher: Fetcher) -> None:
        self._door = door
        self._fetcher = fetcher
        self._paused: dict[str, float] = {}
        self._send, self._receive = trio.open_memory_channel[str](8)
        self.fetched = 0
        self.failures = 0

    def look(self) -> None:
        """Takes up what the door wants now. To be called after a turn."""
        for url in self._door.wanted_certificates():
            if trio.current_time() >= self._paused.get(url, 0.0):
                try:
                    self._send.send_nowait(url)
                except trio.WouldBlock:
                    # Wanted again with the next request that names it.
                    return

    async def run(self) -> None:
        """Fetches one after the other; a failure is counted and ends nothing."""
        async for url in self._receive:
            if trio.current_time() < self._paused.get(url, 0.0):
                continue
            try:
                pem = await trio.to_thread.run_sync(self._fetcher, url, abandon_on_cancel=True)
                self._door.put_certificate(url, pem)
            except Exception:  # noqa: BLE001 - a fetcher is the caller's own and may raise anything
                self.failures += 1
            else:
                self.fetched += 1
            if len(self._paused) >= _PAUSED_COUNT_MAX:
                self._paused.clear()
            # Also after a success: what was wanted twice meanwhile is not fetched twice.
            self._paused[url] = trio.current_time() + _PAUSE_S

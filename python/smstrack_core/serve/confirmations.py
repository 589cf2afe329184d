"""Confirming subscriptions of SNS: off the request path, once for each address.

The core decides which addresses may be fetched (https, sns.REGION.amazonaws.com, a topic that the
operator named); here they are only asked.
"""

import urllib.request
from collections.abc import Callable
from typing import Final, final

import trio

from smstrack_core import _core

Confirmer = Callable[[str], None]
"""Asks an address, or raises; called in a thread, one address at a time."""

_TIMEOUT_S: Final = 10.0
"""Amazon answers within one; no request waits for it."""
_TRIES: Final = 4
_PAUSE_S: Final = 5.0
"""Before the second try; each later pause is twice as long."""
_WAITING_COUNT_MAX: Final = 64


@final
class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Another place could be any place."""

    def redirect_request(self, *_: object) -> None:
        """Refuses."""


def confirm(url: str) -> None:
    """Asks an address once; follows no redirect.

    Raises:
        OSError: No answer in ten seconds, or another than 2xx.

    Blocks for up to ten seconds.
    """
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(url, timeout=_TIMEOUT_S) as response:
        response.read(1)


@final
class Confirmations:
    """Asks what a door was told to confirm, for as long as `run` does."""

    def __init__(self, door: _core.Door, confirmer: Confirmer) -> None:
        self._door = door
        self._confirmer = confirmer
        self._send, self._receive = trio.open_memory_channel[str](_WAITING_COUNT_MAX)
        self.done = 0
        """Subscriptions confirmed."""
        self.failures = 0
        """Tries that failed."""

    def look(self) -> None:
        """Takes up what has been asked for. To be called after a turn."""
        for url in self._door.take_confirmations():
            try:
                self._send.send_nowait(url)
            except trio.WouldBlock:
                # Its owner can have it asked for again.
                self.failures += 1

    async def run(self) -> None:
        """Asks one after the other; a failure is counted, tried again, and ends nothing."""
        async for url in self._receive:
            for attempt in range(_TRIES):
                try:
                    await trio.to_thread.run_sync(self._confirmer, url, abandon_on_cancel=True)
                except Exception:  # noqa: BLE001 - the caller's own may raise anything
                    self.failures += 1
                    if attempt + 1 < _TRIES:
                        await trio.sleep(_PAUSE_S * 2**attempt)
                else:
                    self.done += 1
                    break

"""The Trio side of the ingest door: wait for its poller, pump, label, finish, snapshot, stop.

The door itself (sockets, framing, back-pressure) is Rust; see rust/server. Here live only its
lifetime, the labels of replies, and the timers.
"""

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, final

import orjson
import trio

from smstrack_core import _core
from smstrack_core.config import ServeSettings
from smstrack_core.consent import judge_slices
from smstrack_core.engine import Engine
from smstrack_core.errors import StorageError
from smstrack_core.replies.label import failures, standard
from smstrack_core.serve.certificates import Certificates, Fetcher, fetch
from smstrack_core.serve.confirmations import Confirmations, Confirmer, confirm
from smstrack_core.serve.sources import Sources, needs_certificates, read_sources
from smstrack_core.values import now_ms

_SNAPSHOT_THREADS: Final = 1
"""Snapshots have a thread of their own, so that they wait for nobody and nobody for them."""

_BACK_OFF_MAX: Final = 32
"""Most ticks between two tries of a snapshot that fails."""


@final
class Server:
    """A running ingest door. Made by `serve`."""

    def __init__(
        self,
        engine: Engine,
        settings: ServeSettings,
        fetcher: Fetcher = fetch,
        confirmer: Confirmer = confirm,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._door = _core.Door.bind(engine.core, settings.host, settings.port, settings.options())
        self.certificates: Final = (
            Certificates(self._door, fetcher) if needs_certificates(settings.guard) else None
        )
        """Fetches the certificates of SNS; None where no source needs them."""
        self.confirmations: Final = (
            Confirmations(self._door, confirmer) if settings.confirm_topics else None
        )
        """Confirms subscriptions of SNS; None where no topic is named."""
        host, port = self._door.address
        self.address: Final[tuple[str, int]] = (host, port)
        """Host and port that are really listened on."""
        self._is_draining = False
        self._ended = trio.Event()
        self._run_scope = trio.CancelScope(shield=True)
        self._wait_scope: trio.CancelScope | None = None
        self._snapshot_failures = 0
        self._snapshot_error: str | None = None

    @property
    def port(self) -> int:
        """The port that is really listened on."""
        return self.address[1]

    @property
    def url(self) -> str:
        """`http://host:port`, brackets around IPv6 addresses."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def stats(self) -> dict[str, Any]:
        """Counters of the door: connections, requests, answers, refusals; no numbers, no texts."""
        found: dict[str, Any] = orjson.loads(self._door.stats())
        found["replies_not_judged"] = failures.count
        found["snapshot_failures"] = self._snapshot_failures
        found["snapshot_error"] = self._snapshot_error
        if self.certificates is not None:
            found["certificates_fetched"] = self.certificates.fetched
            found["certificate_failures"] = self.certificates.failures
        if self.confirmations is not None:
            found["confirmations_done"] = self.confirmations.done
            found["confirmation_failures"] = self.confirmations.failures
        return found

    async def run(self) -> None:
        """Pumps until the door is drained.

        Shielded: only `stop` ends it, so no request that was read goes unanswered.
        """
        try:
            with self._run_scope:
                timeout_ms = 0
                while not (self._is_draining and self._door.is_idle):
                    await self._wait(timeout_ms)
                    texts, timeout_ms = self._door.pump(now_ms())
                    if texts is not None:
                        labels, judged = await _judged(texts)
                        timeout_ms = self._door.finish(labels, now_ms(), judged)
                    if self.certificates is not None:
                        self.certificates.look()
                    if self.confirmations is not None:
                        self.confirmations.look()
        finally:
            self._ended.set()

    async def _wait(self, timeout_ms: int) -> None:
        if timeout_ms == 0:
            await trio.lowlevel.checkpoint()
            return
        wait_s = timeout_ms / 1_000 if timeout_ms > 0 else math.inf
        with trio.move_on_after(wait_s) as self._wait_scope:
            await trio.lowlevel.wait_readable(self._door.fileno())
        self._wait_scope = None

    async def snapshots(self) -> None:
        """Takes a snapshot whenever enough records have come since the last one.

        A snapshot only shortens the next start, so one that fails ends nothing: it is counted in
        `stats` and tried again, after twice as many ticks each time.
        """
        if not self._settings.snapshot_every_records:
            return
        limiter = trio.CapacityLimiter(_SNAPSHOT_THREADS)
        wait_ticks = 1
        while True:
            await trio.sleep(self._settings.snapshot_every_s * wait_ticks)
            is_taken = await trio.to_thread.run_sync(
                self._snapshot_if_due, limiter=limiter, abandon_on_cancel=False
            )
            wait_ticks = 1 if is_taken else min(wait_ticks * 2, _BACK_OFF_MAX)

    def _snapshot_if_due(self) -> bool:
        """False if the disk refused. Blocks on disk."""
        stats = self._engine.stats()
        behind = stats["position"] - (stats["snapshot_position"] or 0)
        if behind < self._settings.snapshot_every_records:
            return True
        try:
            self._engine.snapshot()
        except StorageError as error:
            if error.code == "snapshot_stopped":
                return True
            self._snapshot_failures += 1
            self._snapshot_error = error.code
            return False
        self._snapshot_error = None
        return True

    async def stop(self) -> None:
        """Takes no new connections, lets open requests end, closes. Bounded by `grace_s`."""
        with trio.CancelScope(shield=True):
            self._door.drain(now_ms())
            self._is_draining = True
            self._wake()
            with trio.move_on_after(self._settings.grace_s):
                await self._ended.wait()
            self._run_scope.cancel()
            # The next start replays what it would have held.
            self._engine.stop_snapshot()
            await self._ended.wait()

    def _wake(self) -> None:
        if self._wait_scope is not None:
            self._wait_scope.cancel()

    def close(self) -> None:
        """Closes every socket. The engine stays open: it belongs to the caller."""
        self._door.close()


async def _judged(texts: list[str]) -> tuple[bytes, list[tuple[str, str]]]:
    """What the rules say of a turn's replies; other tasks run after every slice of time."""
    labels, beside = bytearray(), list[tuple[str, str]]()
    for _ in judge_slices(texts, labels, beside):
        await trio.lowlevel.checkpoint()
    return bytes(labels), beside


@asynccontextmanager
async def serve(
    engine: Engine,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    grace_s: float = 10.0,
    snapshot_every_s: float = 60.0,
    snapshot_every_records: int = 1_000_000,
    limits: Mapping[str, object] | None = None,
    templates: Mapping[str, Mapping[str, str]] | None = None,
    verify: Sources = None,
    fetch_certificate: Fetcher = fetch,
    confirm_topics: Iterable[str] = (),
    confirm_subscription: Confirmer = confirm,
) -> AsyncIterator[Server]:
    """Serves the ingest door while the body runs; inside anybody's Trio program.

    Leaving the body stops accepting, answers what was read, then closes; a cancelled body does
    the same. Every 2xx that was answered is on disk. Errors of the door reach the body's parent.

    Args:
        engine: An open engine; stays open afterwards.
        host: Address to listen on; loopback unless told otherwise.
        port: 0 takes a free one; see `Server.port`.
        grace_s: Seconds that open requests have to finish.
        snapshot_every_s: Seconds between two looks at whether a snapshot is due.
        snapshot_every_records: Records after which one is due; 0 takes none while serving.
        limits: Limits of the door by name, as in rust/server/src/options.rs.
        templates: By `provider` or `provider/account`: the parameter names that the operator
            chose, and the role of each (`{"kannel": {"id": "message_id", "type": "dlr"}}`).
        verify: Who may send and how each source proves itself: a mapping, or the path of a TOML
            file (docs/signatures.md). A source that is not listed is untrusted: its events
            count, but it cannot opt anybody in.
        fetch_certificate: Gives the PEM behind a URL, for SNS; called in a thread.
        confirm_topics: ARNs of the SNS topics whose subscriptions are confirmed, on its asking.
        confirm_subscription: Asks the address at which one is confirmed; called in a thread.

    Raises:
        InputError: value_invalid, a setting out of its range; key_invalid, a secret that its
            scheme cannot use; self_test_failed, the rules of replies do not behave.
        StorageError: io_failed, the address cannot be listened on.
    """
    settings = ServeSettings(
        host,
        port,
        grace_s,
        snapshot_every_s,
        snapshot_every_records,
        limits or {},
        templates or {},
        guard=read_sources(verify, engine.core.profiles),
        confirm_topics=tuple(confirm_topics),
    )
    # The rules' self-test comes before the first reply: a build that fails it must not serve.
    await trio.to_thread.run_sync(standard)
    server = Server(engine, settings, fetch_certificate, confirm_subscription)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.run)
            nursery.start_soon(server.snapshots)
            for helper in (server.certificates, server.confirmations):
                if helper is not None:
                    nursery.start_soon(helper.run)
            try:
                yield server
            finally:
                await server.stop()
                nursery.cancel_scope.cancel()
    finally:
        server.close()

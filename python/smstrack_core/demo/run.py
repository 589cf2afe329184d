"""The demo from end to end: register, serve, kill half-way, recover, compare."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, final

import trio

from smstrack_core import engine as engines
from smstrack_core.demo.compare import Check, compare, compare_answers
from smstrack_core.demo.process import ServerProcess
from smstrack_core.demo.sender import Sender
from smstrack_core.reports import Report
from smstrack_core.segments import Exported
from smstrack_core.twin import KANNEL_TEMPLATE, Traffic, generate
from smstrack_core.twin.traffic import CAMPAIGN
from smstrack_core.values import now_ms

CONNECTIONS: Final = 8
_HOUR_MS: Final = 3_600_000
_TICK_S: Final = 0.2

Say = Callable[[str], None]
Advance = Callable[[int, int], None]


@final
@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo did and found."""

    report: Report
    exported: Exported
    non_responders: int
    checks: list[Check] = field(repr=False)
    figures: dict[str, Any]

    @property
    def differences(self) -> list[Check]:
        """Figures that do not agree; empty when the demo succeeded."""
        return [check for check in self.checks if not check.holds]


def run_demo(seed: int, contacts: int, keep: Path | None, say: Say, advance: Advance) -> DemoResult:
    """Runs the whole demo; blocks until it is done.

    Args:
        seed: One seed gives one stream.
        contacts: Size of the campaign.
        keep: Directory for the data and the export; a temporary one if None, of which only the
            export is left.
        say: Takes one line of progress.
        advance: Takes callbacks answered and callbacks in all, now and then.

    Raises:
        RuntimeError, TimeoutError: The server did not come up or did not end well.
        StorageError: The directory cannot be used.
    """
    base = Path(tempfile.mkdtemp(prefix="smstrack-demo-")) if keep is None else keep
    base.mkdir(parents=True, exist_ok=True)
    data = base / "data"
    began = time.monotonic()
    try:
        say(f"making the traffic of {contacts:,} contacts, seed {seed}")
        start_ms = now_ms() // _HOUR_MS * _HOUR_MS - 2 * _HOUR_MS
        traffic = generate(seed, contacts, start_ms)
        _register(data, traffic, say)
        driven = time.monotonic()
        sender = trio.run(_drive, data, traffic, say, advance)
        drive_s = time.monotonic() - driven
        result = _examine(data, base / "non-responders.csv", traffic, sender, say)
    except BaseException:
        if keep is None:
            shutil.rmtree(base, ignore_errors=True)
        raise
    if keep is None:
        shutil.rmtree(data, ignore_errors=True)
    result.figures.update(
        seed=seed,
        contacts=contacts,
        callbacks=len(traffic.callbacks),
        resent=sender.resent,
        refused_for_now=sender.refused_for_now,
        drive_s=round(drive_s, 3),
        total_s=round(time.monotonic() - began, 3),
    )
    return result


def _register(data: Path, traffic: Traffic, say: Say) -> None:
    """Embedded, before anything is served: one process at a time owns a directory."""
    with engines.open(data) as engine:
        campaign = engine.campaign(CAMPAIGN, cost="4125.00 USD", goal="bookings")
        if traffic.suppressed_by_hand:
            engine.suppress(traffic.suppressed_by_hand)
        for plan in traffic.blasts:
            at = datetime.fromtimestamp(plan.at_ms / 1_000, tz=UTC)
            blast = campaign.blast(
                plan.name,
                sender=plan.sender,
                audience=plan.audience,
                tags={"variant": plan.variant},
                at=at,
            )
            for provider, messages in plan.sent.items():
                blast.sent(messages, provider=provider)
        say(
            f"registered campaign {CAMPAIGN}: {len(campaign.audience):,} contacts in "
            f"{len(traffic.blasts)} blasts, {len(campaign.sent):,} message ids"
        )


# Ctrl-C waits for an `await` here: between a server's start and the block that ends it, it would
# leave the server behind.
@trio.lowlevel.enable_ki_protection
async def _drive(data: Path, traffic: Traffic, say: Say, advance: Advance) -> Sender:
    """Sends everything over HTTP; kills the server half-way and starts it again."""
    templates = {"kannel": KANNEL_TEMPLATE}
    server = await ServerProcess.start(data, templates)
    try:
        total = len(traffic.callbacks)
        say(f"serving on port {server.port}; sending {total:,} callbacks")
        sender = Sender(traffic.callbacks, server.port)
        half = sender.reached(total // 2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch, sender, total, advance)
            nursery.start_soon(sender.run, CONNECTIONS)
            await half.wait()
            await server.kill()
            say(f"killed the server (SIGKILL) after {sender.answered:,} answers; starting it again")
            server = await ServerProcess.start(data, templates)
            sender.port = server.port
            say(f"recovered; serving on port {server.port}")
        say(f"all answered; {sender.resent:,} requests were cut off and sent again")
    finally:
        with trio.CancelScope(shield=True):
            code = await server.stop()
    if code != 0:
        message = f"the server was asked to stop and ended with code {code}"
        raise RuntimeError(message)
    return sender


async def _watch(sender: Sender, total: int, advance: Advance) -> None:
    while sender.answered < total:
        advance(sender.answered, total)
        await trio.sleep(_TICK_S)
    advance(total, total)


def _examine(data: Path, target: Path, traffic: Traffic, sender: Sender, say: Say) -> DemoResult:
    """Opens the directory embedded and holds it against the ledger."""
    say("opening the directory embedded and comparing with the ledger")
    with engines.open(data, create=False) as engine:
        segment = engine.segment(
            f"{CAMPAIGN}.delivered - {CAMPAIGN}.replied - {CAMPAIGN}.clicked - {CAMPAIGN}.opted_out"
        )
        exported = segment.export(target)
        checks = [
            *compare_answers(sender, traffic.callbacks),
            *compare(engine, traffic, exported.path),
        ]
        return DemoResult(engine.report(CAMPAIGN), exported, len(segment), checks, {})

"""W3: each event 1 to 10 times, over 8 connections, across kills, restarts and snapshots.

The effect is there once, and the answer to each copy is 2xx too.
"""

import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import trio

import smstrack_core as sms
from smstrack_core.demo.sender import Sender
from test_kill import SENDER, Fact, Harness, facts_of, harness

from fault_rows import row
from fiction import number, numbers

__all__ = ["harness"]

IS_LONG = os.environ.get("FAULT_TIER") == "T2"
SENDS = 1_000_000 if IS_LONG else 4_000
KILLS = 20 if IS_LONG else 3
CONNECTIONS = 8
COPIES_MAX = 10
ROUND_MAX_S = 600.0


def copies(facts: list[Fact], random: Random) -> list[Fact]:
    """Each 1 to 10 times, in any order."""
    made = [fact for fact in facts for _ in range(random.randint(1, COPIES_MAX))]
    random.shuffle(made)
    return made


async def send(harness: Harness, facts: list[Fact], enough: int) -> list[Fact]:
    """Kills the server once so many are answered; what has no answer yet."""
    sender = Sender([fact.callback for fact in facts], harness.start(), pipeline_count=8)
    reached = sender.reached(enough)
    with trio.fail_after(ROUND_MAX_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sender.run, CONNECTIONS)
            await reached.wait()
            harness.kill()
            nursery.cancel_scope.cancel()
    answered = [status for status in sender.statuses if status]
    assert all(200 <= status < 300 for status in answered), Counter(answered)
    return [fact for fact, status in zip(facts, sender.statuses, strict=True) if not status]


def check(directory: Path, facts: list[Fact]) -> None:
    """Each effect once: the sets are those of the facts, the counters their sizes."""
    with sms.open(directory, create=False) as engine:
        campaign = engine.campaign("spring")
        for kind in ("delivered", "clicked", "replied"):
            wanted = {fact.contact for fact in facts if fact.kind == kind}
            assert {int(n) for n in campaign.set(kind)} == wanted
        report = campaign.report()
        assert report.clicks == len(campaign.clicked)
        assert report.reply_messages == len(campaign.replied)
        assert report.balance()["difference"] == 0


@pytest.mark.slow
def test_copies_over_all_connections_and_lives_count_once(
    harness: Harness,
    tmp_path: Path,
    seed: int,
) -> None:
    random = Random(seed)
    directory = tmp_path / "data"
    total = SENDS * 2 // (COPIES_MAX + 1)
    with sms.open(directory) as engine:
        blast = engine.campaign("spring").blast("b1", sender=SENDER, audience=numbers(0, total))
        blast.sent(((number(i), f"SM{i}") for i in range(total)), provider="twilio")
    facts = facts_of(0, total, random)
    waiting = copies(facts, random)
    with row("W3", "each event 1 to 10 times over 8 connections, kills and snapshots") as counted:
        counted.trials = len(waiting)
        counted.fired["copy"] = len(waiting) - total
        for left in range(KILLS, -1, -1):
            enough = len(waiting) // (left + 1)
            waiting = trio.run(send, harness, waiting, enough)
            counted.fired["kill"] += 1
        assert waiting == []
        check(directory, facts)

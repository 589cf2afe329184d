"""SIGKILL at random moments under load: nothing acknowledged is lost, nothing counted twice.

The sender keeps its own ledger. SENT: handed to a socket. ACK: a 2xx was read. After each kill
the server starts again on what is left; what was not answered is sent again, as providers do,
so most events reach the log more than once.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
import trio

import smstrack_core as sms
from smstrack_core.demo.sender import Sender
from smstrack_core.twin import Callback
from smstrack_core.twin.wires import FORM, NDJSON, twilio_reply

from fault_rows import row
from fiction import number, numbers

KILLS = 300
EVENTS_A_KILL = 150
CONNECTIONS = 4
CHECKED_EVERY = 25
SENDER = "+999000000011"
SOAK_S = float(os.environ.get("SOAK_SECONDS", "0"))


class Fact(NamedTuple):
    """One contact's one event."""

    kind: str
    contact: int
    callback: Callback


def facts_of(first: int, count: int, random: Random) -> list[Fact]:
    """A delivered receipt, a click or a reply; each contact has one event only."""
    made = []
    for index in range(first, first + count):
        contact = int(number(index))
        kind = random.choice(("delivered", "delivered", "clicked", "replied"))
        if kind == "delivered":
            body = f"MessageSid=SM{index}&MessageStatus=delivered".encode()
            callback = Callback("twilio", "POST", "/hooks/twilio", FORM, body, 200)
        elif kind == "clicked":
            body = (
                f'{{"kind":"click","event_id":"c{index}","contact":"{number(index)}",'
                f'"campaign":"spring","blast":"b1"}}'
            ).encode()
            callback = Callback("smstrack", "POST", "/events", NDJSON, body, 200)
        else:
            callback = twilio_reply(contact, SENDER, f"SMr{index}", "yes", 0)
        made.append(Fact(kind, contact, callback))
    return made


class Harness:
    """The forking server process."""

    def __init__(self, process: "subprocess.Popen[str]", directory: Path) -> None:
        self._process = process
        self._directory = directory
        self.pid = 0

    def start(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self._directory}\n")
        self._process.stdin.flush()
        pid, port = self._line().split()
        self.pid = int(pid)
        return int(port)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self._line() == "gone"

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, "the harness or its server died by itself"
        return line


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    command = [sys.executable, str(Path(__file__).with_name("kill_harness.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        yield Harness(process, tmp_path / "data")
        process.kill()


class Ledger:
    """What was sent and what was acknowledged, by kind."""

    def __init__(self) -> None:
        self.sent: dict[str, set[int]] = {"delivered": set(), "clicked": set(), "replied": set()}
        self.acked: dict[str, set[int]] = {"delivered": set(), "clicked": set(), "replied": set()}

    def note(self, facts: list[Fact], sender: Sender) -> list[Fact]:
        """Files the outcome of one round; returns what must be sent again."""
        unanswered = []
        for index, (fact, status) in enumerate(zip(facts, sender.statuses, strict=True)):
            if index < sender.taken:
                self.sent[fact.kind].add(fact.contact)
            if status:
                assert 200 <= status < 300, status
                self.acked[fact.kind].add(fact.contact)
            else:
                unanswered.append(fact)
        return unanswered

    def check(self, directory: Path, why: str) -> None:
        """The oracle: ACK is in the state, the state is in SENT, counters are set sizes."""
        with sms.open(directory, create=False) as engine:
            digest = engine.digest()
            campaign = engine.campaign("spring")
            for kind, acked in self.acked.items():
                found = {int(n) for n in campaign.set(kind)}
                assert not acked - found, f"{why}: {len(acked - found)} {kind} lost"
                assert not found - self.sent[kind], f"{why}: {kind} that nobody sent"
            report = campaign.report()
            assert report.clicks == len(campaign.clicked), why
            assert report.reply_messages == len(campaign.replied), why
            assert report.balance()["difference"] == 0, why
        with sms.open(directory, create=False) as engine:
            assert engine.digest() == digest, f"{why}: recovering twice gave two states"


async def load_and_kill(
    harness: Harness, facts: list[Fact], random: Random, *, kill: bool
) -> Sender:
    """Sends facts; kills the server once a random number of them is answered."""
    port = harness.start()
    sender = Sender([fact.callback for fact in facts], port, pipeline_count=8)
    enough = sender.reached(random.randrange(1, len(facts)) if kill else len(facts))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sender.run, CONNECTIONS)
        await enough.wait()
        # Some turns of the loop more, so that the kill falls anywhere in a request's life.
        for _ in range(random.randrange(40)):
            await trio.lowlevel.checkpoint()
        harness.kill()
        nursery.cancel_scope.cancel()
    return sender


@pytest.mark.slow
def test_kills_lose_nothing_acknowledged_and_count_nothing_twice(
    harness: Harness, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    directory = tmp_path / "data"
    total = (KILLS + 1) * EVENTS_A_KILL * (1 if not SOAK_S else 20)
    with sms.open(directory) as engine:
        blast = engine.campaign("spring").blast("b1", sender=SENDER, audience=numbers(0, total))
        blast.sent(((number(i), f"SM{i}") for i in range(total)), provider="twilio")
    ledger = Ledger()
    waiting: list[Fact] = []
    kills = resent = 0
    until = time.monotonic() + SOAK_S
    with (
        row("D1", "kill -9 of the server under load") as killed,
        row("W6", "line cut before the answer, sent again") as cut,
    ):
        while kills < KILLS or (time.monotonic() < until and kills * EVENTS_A_KILL < total):
            facts = waiting + facts_of(kills * EVENTS_A_KILL, EVENTS_A_KILL, random)
            sender = trio.run(_round, harness, facts, random)
            waiting = ledger.note(facts, sender)
            kills += 1
            resent += len(waiting)
            killed.trial("kill")
            cut.trials += len(waiting)
            cut.fired["cut"] += len(waiting)
            if kills % CHECKED_EVERY == 0:
                ledger.check(directory, f"seed {seed}, kill {kills}")
        if waiting:
            sender = trio.run(_last_round, harness, waiting, random)
            assert ledger.note(waiting, sender) == []
        ledger.check(directory, f"seed {seed}, the end")
        assert ledger.acked == ledger.sent
        assert resent > kills, "kills must fall while requests are in flight"
    with contextlib.suppress(OSError):
        print(f"seed {seed}: {kills} kills, {resent} requests cut off and sent again")


async def _round(harness: Harness, facts: list[Fact], random: Random) -> Sender:
    with trio.fail_after(60):
        return await load_and_kill(harness, facts, random, kill=True)


async def _last_round(harness: Harness, facts: list[Fact], random: Random) -> Sender:
    with trio.fail_after(60):
        return await load_and_kill(harness, facts, random, kill=False)


@pytest.mark.parametrize(
    ("acked", "sent", "complaint"),
    [({0, 1, 2}, {0, 1, 2}, "lost"), ({0}, {0}, "nobody sent"), (set(), {0, 1}, None)],
)
def test_the_oracle_sees_what_it_is_there_to_see(
    tmp_path: Path, acked: set[int], sent: set[int], complaint: str | None
) -> None:
    with sms.open(tmp_path) as engine:
        blast = engine.campaign("spring").blast("b1", sender=SENDER, audience=numbers(0, 5))
        blast.sent([(number(i), f"SM{i}") for i in range(5)], provider="twilio")
        engine.ingest(
            "twilio", [f"MessageSid=SM{i}&MessageStatus=delivered".encode() for i in (0, 1)]
        )
    ledger = Ledger()
    ledger.acked["delivered"] = {int(number(i)) for i in acked}
    ledger.sent["delivered"] = {int(number(i)) for i in sent}
    if complaint is None:
        ledger.check(tmp_path, "planted")
        return
    with pytest.raises(AssertionError, match=complaint):
        ledger.check(tmp_path, "planted")

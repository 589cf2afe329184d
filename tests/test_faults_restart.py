"""D25: SIGKILL with a large log behind: how soon is an event kept again, and an answer exact?"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import trio

import smstrack_core as sms
from smstrack_core.twin.wires import NDJSON

from fault_rows import row
from wire import exchange, request

IS_LONG = os.environ.get("FAULT_TIER") == "T2"
CONTACTS = 10_000_000 if IS_LONG else 100_000
MESSAGES = 21_000_000 if IS_LONG else 200_000
BLASTS = 1_000 if IS_LONG else 10
KILLS = 50 if IS_LONG else 2
LOG_BYTES_MIN = 1 << 30 if IS_LONG else 1 << 20
BODY_ROWS = 2_000
ASKED_EVERY = 10
BODIES_A_LIFE = 50 if IS_LONG else 5
KEPT_AGAIN_MAX_S = 5.0
EXACT_AGAIN_MAX_S = 30.0


def number(index: int) -> str:
    return f"+{999_000_000_000 + index % CONTACTS}"


def receipts(messages: Iterable[int], state: str) -> bytes:
    return "\n".join(
        f'{{"kind":"receipt","provider":"twilio","message_id":"SM{at:012x}","state":"{state}"}}'
        for at in messages
    ).encode()


def fill(data: Path) -> None:
    """A directory whose log has the size; each message has its receipt."""
    each = MESSAGES // BLASTS
    with sms.open(data, durable=False) as engine:
        campaign = engine.campaign("spring")
        for at in range(BLASTS):
            mine = range(at * each, (at + 1) * each)
            blast = campaign.blast(f"b{at}", sender="+999000000011")
            blast.add_audience([number(index) for index in mine])
            blast.sent([(number(index), f"SM{index:012x}") for index in mine], provider="twilio")
            engine.ingest("smstrack", [receipts(mine, "delivered")])
    log = sum(file.stat().st_size for file in (data / "log").iterdir())
    assert log >= LOG_BYTES_MIN, f"the log has only {log} bytes"


class Life:
    """A server from its start to its kill."""

    def __init__(self, data: Path) -> None:
        self.began = time.monotonic()
        command = [sys.executable, "-m", "smstrack_core", "serve", str(data), "--port", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().rsplit(b":", 1)[1])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    async def until_kept(self, message: int) -> float:
        """Seconds from the start of the process until one more event is kept."""
        ask = request("POST", "/events", receipts([message], "read"), NDJSON)
        while True:
            [answer] = await exchange(self.port, ask)
            if answer.status == 200:
                return time.monotonic() - self.began
            assert answer.status == 503, answer.body
            await trio.sleep(0.02)


async def work(life: Life, first: int) -> int:
    """Receipts that are kept and that no snapshot has yet; up to which message."""
    for _ in range(BODIES_A_LIFE):
        body = receipts((at % MESSAGES for at in range(first, first + BODY_ROWS)), "read")
        [answer] = await exchange(life.port, request("POST", "/events", body, NDJSON))
        assert answer.status == 200, answer.body
        first += BODY_ROWS
    return first


def exact_after(data: Path, read: int) -> float:
    """Seconds until an engine that opens what a kill left answers a question exactly."""
    began = time.monotonic()
    with sms.open(data, create=False) as engine:
        assert len(engine.segment("spring.read")) == min(read, CONTACTS)
        return time.monotonic() - began


async def test_events_are_kept_and_answers_exact_soon_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await trio.to_thread.run_sync(fill, data)
    what = f"kill -9 with {LOG_BYTES_MIN >> 20} MiB of log: an event kept, an answer exact again"
    with row("D25", what) as counted:
        first, kept, exact = 0, [], []
        life = Life(data)
        for kill in range(KILLS):
            first = await work(life, first)
            life.kill()
            if kill % ASKED_EVERY == 0:
                exact.append(await trio.to_thread.run_sync(exact_after, data, first))
                assert exact[-1] <= EXACT_AGAIN_MAX_S
            life = Life(data)
            kept.append(await life.until_kept(first))
            assert kept[-1] <= KEPT_AGAIN_MAX_S
            first += 1
            counted.trial("kill")
        life.kill()
        exact.append(await trio.to_thread.run_sync(exact_after, data, first))
        counted.note = (
            f"first 200 {sorted(kept)[KILLS // 2]:.1f} s after the start of the process, longest "
            f"{max(kept):.1f} s; exact answer of an engine within {max(exact):.1f} s"
        )

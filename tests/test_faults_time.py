"""D20, D21: a clock that jumps, a server that is stopped, a disk that takes its time."""

import base64
import contextlib
import hashlib
import hmac
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from urllib.parse import quote

import orjson
import pytest
import trio

import smstrack_core as sms

from fault_rows import IS_LONG, row, skipped
from fault_server import SENDER, Serving, judge_server, limited, receipt, registered, serving
from fiction import number
from test_faults_process import lacking
from wire import form, read_answers, request

JUMPS_TRIALS = 20 if IS_LONG else 2
STOPS = 50 if IS_LONG else 2
SLOW = 50 if IS_LONG else 1
JUMPS_S = (3_600, 0, -3_600, 3_600, -3_600, 0)
WINDOW_S = 300
KEY = b"0123456789abcdef01234567"
VERIFY = f"""
[sources.twilio]
allow = ["127.0.0.0/8"]

[sources.events]
scheme = "standard-webhooks"
secrets = ["whsec_{base64.b64encode(KEY).decode()}"]
"""
RECEIPTS = 50_000
"""More than any machine sends between the pauses: what was not registered is no receipt of ours."""
CONNECTIONS = 16
MORE = 12
MEMORY_BYTES_MAX = 8 << 20
ANSWERED_WITHIN_S = 60
TOLD_WITHIN_S = 2.0


def preload() -> str:
    """Where libfaketime is, if it is."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return str(found[0]) if found else ""


class Clock:
    """The server's, as seconds ahead of ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ahead_s = 0
        self.jump(0)

    def jump(self, ahead_s: int) -> None:
        self.ahead_s = ahead_s
        new = self.path.with_suffix(".new")
        new.write_text(f"{ahead_s:+d}")
        new.replace(self.path)

    def now_s(self) -> int:
        return int(time.time()) + self.ahead_s


def click(contact: int, at_s: int) -> bytes:
    """Signed at that time; the same click, however often it is made."""
    body = orjson.dumps(
        {
            "kind": "click",
            "event_id": f"c{contact}",
            "contact": number(contact),
            "campaign": "spring",
            "blast": "b1",
        }
    )
    signed = hmac.new(KEY, f"m{contact}.{at_s}.".encode() + body, hashlib.sha256).digest()
    headers = {"webhook_id": f"m{contact}", "webhook_timestamp": str(at_s)}
    headers["webhook_signature"] = "v1," + base64.b64encode(signed).decode()
    return request("POST", "/events", body, "application/json", **headers)


def reply(contact: int, id_: str, text: str) -> bytes:
    sides = f"SmsStatus=received&To={quote(SENDER)}&From={quote(number(contact))}"
    return form("/hooks/twilio", f"{sides}&MessageSid={id_}&Body={text}")


async def jump_about(server: Serving, clock: Clock, random: Random) -> set[int]:
    """Sends, repeats and forges at each time; returns the contacts that clicked."""
    clicked: set[int] = set()
    captured: list[tuple[int, bytes]] = []
    async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:

        async def status(data: bytes) -> int:
            return (await server.ask(data, stream)).status

        for turn, ahead_s in enumerate((0, *random.sample(JUMPS_S, len(JUMPS_S)))):
            clock.jump(ahead_s)
            now_s = clock.now_s()
            assert await server.send(stream) == 200
            assert await status(receipt(random.randrange(server.sent))) == 200
            edge = WINDOW_S - 30
            for contact, late_s in ((turn * 3, 0), (turn * 3 + 1, -edge), (turn * 3 + 2, edge)):
                signed = click(contact, now_s + late_s)
                assert await status(signed) == 200
                assert await status(signed) == 200
                clicked.add(contact)
                captured.append((now_s + late_s, signed))
            for late_s in (-WINDOW_S - 30, WINDOW_S + 30):
                assert await status(click(9_000 + turn, now_s + late_s)) == 403
            for at_s, signed in captured:
                is_in = abs(at_s - clock.now_s()) <= edge + 15
                assert await status(signed) == (200 if is_in else 403)
    return clicked


async def say_start_and_stop(server: Serving, clock: Clock) -> None:
    """Said while the clock is ahead, and taken back after it was put right."""
    clock.jump(3_600)
    assert (await server.ask(reply(0, "SMr0", "START"))).status // 100 == 2
    clock.jump(0)
    for _ in range(2):
        assert (await server.ask(reply(0, "SMr1", "STOP"))).status // 100 == 2
    assert (await server.ask(reply(1, "SMr2", "STOP"))).status // 100 == 2
    clock.jump(-3_600)
    assert (await server.ask(reply(2, "SMr3", "STOP"))).status // 100 == 2
    clock.jump(7_200)
    assert (await server.ask(reply(2, "SMr4", "START"))).status // 100 == 2


def in_order_of_answers(data: Path) -> bool:
    """Whether positions follow one another, and times of arrival with them."""
    command = [sys.executable, "-m", "smstrack_core", "log", str(data)]
    told = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    records = [orjson.loads(line) for line in told]
    positions = [record["position"] for record in records]
    arrivals = [record["received_ms"] for record in records]
    return positions == list(range(1, len(positions) + 1)) and arrivals == sorted(arrivals)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["faketime", "seam"])
def test_a_clock_that_jumps(tmp_path: Path, seed: int, by: str) -> None:
    random = Random(seed)
    if by == "faketime" and not preload():
        skipped("D20", "needs libfaketime (apt-get install faketime)")
        pytest.skip("needs libfaketime")
    how = "libfaketime" if by == "faketime" else "the server's one clock replaced"
    verify = tmp_path / "verify.toml"
    verify.write_text(VERIFY)
    with row("D20", f"clock an hour forth or back under the server: {how}") as counted:
        for turn in range(JUMPS_TRIALS // 2):
            what, data = f"seed {seed}, turn {turn}", tmp_path / f"data{turn}"
            registered(data, 100)
            clock = Clock(tmp_path / f"clock{turn}")
            if by == "faketime":
                more = {"LD_PRELOAD": preload(), "FAKETIME_TIMESTAMP_FILE": str(clock.path)}
                more |= {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
                begun = serving(data, arguments=("--verify", verify), **more)
            else:
                begun = limited(data, verify=verify, clock=clock.path)
            with begun as server:
                clicked = trio.run(jump_about, server, clock, random)
                trio.run(say_start_and_stop, server, clock)
            judge_server(data, server, what)
            assert in_order_of_answers(data), what
            with sms.open(data) as engine:
                campaign = engine.campaign("spring")
                assert {int(n) for n in campaign.clicked} == {int(number(i)) for i in clicked}
                assert campaign.report().clicks == len(clicked), f"{what}: counted twice"
                assert campaign.report().reply_messages == 5, f"{what}: counted twice"
                assert set(engine.suppressed) == {number(0), number(1)}, what
            counted.trial("clock jump", len(JUMPS_S) + 4)


async def keep_sending(server: Serving, statuses: list[int], *, is_ended: trio.Event) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
        while not is_ended.is_set():
            statuses.append(await server.send(stream))


async def stop_and_go_on(server: Serving, pauses_s: Sequence[float]) -> int:
    statuses: list[int] = []
    is_ended = trio.Event()
    before = server.memory_bytes()
    with trio.fail_after(ANSWERED_WITHIN_S + sum(pauses_s)):
        async with trio.open_nursery() as nursery:
            for _ in range(CONNECTIONS):
                nursery.start_soon(lambda: keep_sending(server, statuses, is_ended=is_ended))
            for pause_s in pauses_s:
                await trio.sleep(0.05)
                os.kill(server.pid, signal.SIGSTOP)
                await trio.sleep(pause_s)
                os.kill(server.pid, signal.SIGCONT)
            await trio.sleep(0.05)
            is_ended.set()
    assert set(statuses) == {200}, "all were answered, after a while"
    assert server.memory_bytes() - before < MEMORY_BYTES_MAX
    return len(statuses)


@pytest.mark.slow
def test_a_server_that_is_stopped_for_a_while(tmp_path: Path, seed: int) -> None:
    if not Path("/proc/self/statm").exists():
        skipped("D21", "needs Linux: /proc")
        pytest.skip("needs Linux: /proc")
    random = Random(seed)
    with row("D21", "SIGSTOP under load, then SIGCONT") as counted:
        for turn in range(STOPS):
            data = tmp_path / f"data{turn}"
            registered(data, RECEIPTS)
            pauses_s = [random.uniform(0.1, 1.0), random.uniform(0.1, 0.5)]
            if IS_LONG and turn == 0:
                pauses_s = [30.0]
            with serving(data) as server:
                trio.run(stop_and_go_on, server, pauses_s)
            assert server.sent <= RECEIPTS, "the test ran out of messages"
            judge_server(data, server, f"seed {seed}, turn {turn}")
            counted.trial("SIGSTOP", len(pauses_s))


async def crowd(server: Serving, delay_s: float) -> None:
    """As many senders as there may be, each in the middle of a request, and then more of them,
    while a sync takes its time."""
    before = server.memory_bytes()
    async with contextlib.AsyncExitStack() as stack:
        busy = []
        for _ in range(CONNECTIONS):
            stream = await trio.open_tcp_stream("127.0.0.1", server.port)
            await stack.enter_async_context(stream)
            busy.append((stream, await server.begin(stream)))
        # All of them are in, and wait for their last byte.
        assert await server.send() == 503
        first, index = busy[0]
        begun = trio.current_time()
        # One request is kept, and the next one of the same connection has begun.
        await first.send_all(receipt(index)[-1:])
        busy[0] = (first, await server.begin(first))
        for _ in range(MORE):
            assert await server.send() == 503
        assert trio.current_time() - begun < delay_s + TOLD_WITHIN_S
        [answer] = await read_answers(first, 1)
        assert answer.status == 200
        server.acked.add(index)
        statuses: list[int] = []

        async def end(stream: trio.SocketStream, index: int) -> None:
            statuses.append(await server.end(stream, index))

        async with trio.open_nursery() as nursery:
            for stream, index in busy:
                nursery.start_soon(end, stream, index)
        assert statuses == [200] * CONNECTIONS
    assert server.memory_bytes() - before < MEMORY_BYTES_MAX


@pytest.mark.slow
def test_a_disk_that_takes_its_time(tmp_path: Path, seed: int) -> None:
    if lacking():
        skipped("D21", lacking())
        pytest.skip(lacking())
    random = Random(seed)
    with row("D21", "fdatasync takes 0.2 to 5 s (strace), too many senders") as counted:
        for turn in range(SLOW):
            data = tmp_path / f"data{turn}"
            registered(data, 200)
            delay_s = random.uniform(0.2, 0.6)
            if IS_LONG and turn < 3:
                delay_s = 5.0
            inject = f"inject=fdatasync:delay_enter={int(delay_s * 1e6)}"
            before = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=fdatasync"]
            before += ["-e", inject, "-o", str(tmp_path / "strace")]
            limits = {"connections_count_max": CONNECTIONS}
            with limited(data, *before, limits=limits) as server:
                trio.run(crowd, server, delay_s)
            judge_server(data, server, f"seed {seed}, turn {turn}")
            counted.trial("slow fdatasync")

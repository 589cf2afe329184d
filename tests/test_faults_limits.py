"""D19: a server that runs out of handles goes on keeping events, and lets people in again."""

import contextlib
import resource
from pathlib import Path
from random import Random

import pytest
import trio

import smstrack_core as sms

from fault_rows import IS_LONG, row, skipped
from fault_server import Serving, judge_server, registered, serving
from wire import request

TRIALS = 50 if IS_LONG else 2
LOG_FILE_BYTES_MAX = 256 << 20
FIRST_LOG_FILE = "000000000001.log"
LETTERS = [b"\xff" * (255 << 10)] * 120
HANDLES_MIN, HANDLES_MAX = 8, 60
MORE_WAITING = 5
LET_IN_WITHIN_S = 1.0
WATCHED_S = 1.2
CPU_SHARE_MAX = 0.20
RECEIPTS = 60


def fill_log_file(data: Path) -> None:
    """The next record begins a new log file: this one is full of letters that nobody can read."""
    registered(data, RECEIPTS)
    log = data / "log" / FIRST_LOG_FILE
    with sms.open(data, durable=False) as engine:
        while log.stat().st_size < LOG_FILE_BYTES_MAX:
            engine.ingest("twilio", LETTERS)


def log_files(data: Path) -> int:
    return len(list(data.glob("log/*.log")))


def keep_first_log_file(data: Path) -> None:
    for path in (*data.glob("log/*"), *data.glob("snapshots/*")):
        if path.name != FIRST_LOG_FILE:
            path.unlink()


async def leak(server: Serving, count: int, stack: contextlib.AsyncExitStack) -> None:
    """Connections that say nothing."""
    for _ in range(count):
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        await stack.enter_async_context(stream)


async def run_out(server: Serving, data: Path, random: Random) -> None:
    spare = random.randrange(HANDLES_MIN, HANDLES_MAX)
    async with (
        await trio.open_tcp_stream("127.0.0.1", server.port) as known,
        contextlib.AsyncExitStack() as leaked,
    ):
        assert (await server.ask(request("GET", "/healthz"), known)).status == 200
        limit = server.handles() + spare
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (limit, limit))
        index = await server.begin(known)
        await leak(server, spare + MORE_WAITING, leaked)
        with trio.fail_after(LET_IN_WITHIN_S):
            while server.handles() < limit:  # noqa: ASYNC110 - nobody could tell us
                await trio.sleep(0.001)
        assert await server.end(known, index) == 200, "the log could not go on in a new file"
        assert log_files(data) == 2
        before = server.cpu_s()
        await trio.sleep(WATCHED_S)
        share = (server.cpu_s() - before) / WATCHED_S
        assert share < CPU_SHARE_MAX, f"{share:.0%} of a core while nobody can be let in"
        if random.random() < 0.5:
            await leaked.aclose()
        # Those that stay open are silent for longer than anybody may be while others wait.
        for _ in range(5):
            with trio.fail_after(LET_IN_WITHIN_S):
                assert await server.send() == 200


@pytest.mark.slow
def test_the_log_goes_on_without_a_handle_to_spare(tmp_path: Path, seed: int) -> None:
    if not Path("/proc/self/fd").exists() or not hasattr(resource, "prlimit"):
        skipped("D19", "needs Linux: /proc and prlimit")
        pytest.skip("needs Linux: /proc and prlimit")
    random, data = Random(seed), tmp_path / "data"
    fill_log_file(data)
    with row("D19", "no handle left under the server, and a new log file is due") as counted:
        for turn in range(TRIALS):
            keep_first_log_file(data)
            with serving(data) as server:
                trio.run(run_out, server, data, random)
            judge_server(data, server, f"seed {seed}, turn {turn}")
            counted.trial("EMFILE")

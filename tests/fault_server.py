"""A server in a process of its own, whose clock can be set; what it acknowledged; the oracle.

Run as a program it serves a directory: `fault_server.py DIR LIMITS_JSON [CLOCK_FILE]`. The file
says how many seconds the clock is ahead. All that the server knows of the time of day it asks
Python, so this is the whole of its clock.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import trio

import smstrack_core as sms

from fiction import number
from wire import Answer, exchange, form, read_answers

SENDER = "+999000000011"


class Serving:
    """A running server, and what became of what was sent to it."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port
        self.acked: set[int] = set()
        self.sent = 0

    def handles(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def cpu_s(self) -> float:
        words = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    async def ask(self, data: bytes, stream: trio.SocketStream | None = None) -> Answer:
        """One request, over a connection of its own if there is none."""
        if stream is None:
            [answer] = await exchange(self.port, data)
        else:
            await stream.send_all(data)
            [answer] = await read_answers(stream, 1)
        return answer

    async def send(self, stream: trio.SocketStream | None = None) -> int:
        """The next contact's receipt; its status."""
        index, self.sent = self.sent, self.sent + 1
        answer = await self.ask(receipt(index), stream)
        if answer.status == 200:
            self.acked.add(index)
        else:
            assert int(answer.headers["retry-after"]) > 0
        return answer.status

    async def begin(self, stream: trio.SocketStream) -> int:
        """All of the next contact's receipt but its last byte."""
        index, self.sent = self.sent, self.sent + 1
        await stream.send_all(receipt(index)[:-1])
        return index

    async def end(self, stream: trio.SocketStream, index: int) -> int:
        answer = await self.ask(receipt(index)[-1:], stream)
        if answer.status == 200:
            self.acked.add(index)
        return answer.status


def receipt(index: int) -> bytes:
    return form("/hooks/twilio", f"MessageSid=SM{index}&MessageStatus=delivered&To={number(index)}")


def registered(data: Path, count: int) -> None:
    with sms.open(data) as engine:
        blast = engine.campaign("spring").blast("b1", sender=SENDER)
        blast.sent([(number(i), f"SM{i}") for i in range(count)], provider="twilio")


@contextlib.contextmanager
def serving(
    data: Path, *before: str | Path, arguments: tuple[str | Path, ...] = (), **more: str
) -> Iterator[Serving]:
    """`smstrack serve`; killed at the end: what was acknowledged must be there all the same."""
    command = [*before, sys.executable, "-m", "smstrack_core", "serve", data, "--port", "0"]
    with started([*command, *arguments], more) as server:
        yield server


@contextlib.contextmanager
def limited(
    data: Path,
    *before: str | Path,
    limits: Mapping[str, int] | None = None,
    verify: Path | None = None,
    clock: Path | None = None,
) -> Iterator[Serving]:
    """This file as a program."""
    given = json.dumps({"limits": limits or {}, "verify": str(verify) if verify else None})
    command = [*before, sys.executable, __file__, data, given, *([clock] if clock else [])]
    with started(command, {}) as server:
        yield server


@contextlib.contextmanager
def started(command: list[str | Path], more: Mapping[str, str]) -> Iterator[Serving]:
    environment = {**os.environ, **more}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        pid = process.pid
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert b":" in line, "the server did not start"
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            # strace runs what it traces as a child.
            pid = int(children[0]) if command[0] == "strace" else pid
            yield Serving(pid, int(line.rsplit(b":", 1)[1]))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def judge_server(data: Path, server: Serving, what: str) -> None:
    """The oracle, on what a fresh process finds."""
    with sms.open(data, create=False) as engine:
        digest = engine.digest()
        campaign = engine.campaign("spring")
        found = {int(n) for n in campaign.delivered}
        assert {int(number(i)) for i in server.acked} <= found, f"{what}: lost"
        assert found <= {int(number(i)) for i in range(server.sent)}, f"{what}: nobody sent it"
        assert campaign.report().balance()["difference"] == 0, what
    with sms.open(data, create=False) as engine:
        assert engine.digest() == digest, f"{what}: recovering twice gave two states"


async def serve(directory: str, limits: Mapping[str, int], verify: str | None) -> None:
    with sms.open(directory) as engine:
        async with sms.serve(engine, limits=limits, verify=verify) as server:
            print(f"listening on {server.url}", flush=True)
            await trio.sleep_forever()


def main() -> None:
    directory, given, *clock = sys.argv[1:]
    if clock:
        right, path = time.time_ns, Path(clock[0])
        time.time_ns = lambda: right() + int(path.read_text()) * 1_000_000_000
    trio.run(serve, directory, *json.loads(given).values())


if __name__ == "__main__":
    main()

"""The real thing: bearerbox, smsbox and the fake SMSC, configured as docs/kannel.md says.

Runs where Debian's kannel and kannel-extras are installed. Everything is in a temporary
directory, on free ports, and ends with the test.
"""

import re
import shutil
import socket
import subprocess
import urllib.parse
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

import smstrack_core as sms

from fiction import number
from wire import exchange, request

ROOT = Path(__file__).parents[1]
FAKE = Path("/usr/lib/kannel/test/fakesmsc")
OURS = number(900)
WAIT_S = 60.0
POLL_S = 0.05

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("bearerbox") and shutil.which("smsbox") and FAKE.exists()),
        reason="Kannel is not installed: apt-get install kannel kannel-extras",
    ),
]


def documented() -> tuple[str, str]:
    """The configuration and the dlr-url of the documentation."""
    config, dlr_url = re.findall(
        r"^```text\n(.*?)^```", (ROOT / "docs" / "kannel.md").read_text(), re.MULTILINE | re.DOTALL
    )
    return config, dlr_url.strip()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


async def until(is_so: Callable[[], bool], what: str) -> None:
    with trio.move_on_after(WAIT_S):
        while not is_so():  # noqa: ASYNC110 - another program's doing, nothing tells us
            await trio.sleep(POLL_S)
        return
    pytest.fail(f"waited {WAIT_S:.0f} s for {what}")


class Kannel:
    """A gateway whose callbacks go to one port."""

    def __init__(self, directory: Path, hook_port: int) -> None:
        config, self.dlr_url = documented()
        self.hook_port = hook_port
        ports = free_ports(4)
        for known, port in zip(("13000", "13001", "10000", "13013"), ports, strict=True):
            config, count = re.subn(rf"(port = ){known}\b", rf"\g<1>{port}", config)
            assert count == 1, f"port {known} is not in the documented configuration"
        self.smsc_port, self.send_port = ports[2], ports[3]
        config, count = re.subn(r"127\.0\.0\.1:8470", f"127.0.0.1:{hook_port}", config)
        assert count == 1
        config = config.replace("/var/log/kannel", str(directory))
        # Only quicker than in production.
        config, count = re.subn(r"http-queue-delay = 10\b", "http-queue-delay = 1", config)
        assert count == 1
        self.directory = directory
        self.config = directory / "kannel.conf"
        self.config.write_text(config)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Kannel"]:
        started: list[trio.Process] = []
        try:
            for box, sign in (
                ("bearerbox", "Start-up done"),
                ("smsbox", "Client connected from <127.0.0.1>"),
            ):
                with (self.directory / f"{box}.out").open("wb") as out:
                    started.append(
                        await trio.lowlevel.open_process(
                            [box, str(self.config)], stdout=out, stderr=out, cwd=self.directory
                        )
                    )
                await self.logged(sign)
            yield self
        finally:
            with trio.CancelScope(shield=True):
                for process in reversed(started):
                    await ended(process)

    async def logged(self, sign: str) -> None:
        """Waits for a line of bearerbox's: a port that answers says little."""
        log = self.directory / "bearerbox.log"
        await until(lambda: log.exists() and sign in log.read_text(errors="replace"), sign)

    @asynccontextmanager
    async def handsets(self, *texts: str) -> AsyncIterator[Path]:
        """The fake SMSC: it says these texts, drawn by lot, and delivers what is sent.

        Gives its log.
        """
        log = self.directory / "fakesmsc.log"
        command = [str(FAKE), "-H", "127.0.0.1", "-r", str(self.smsc_port), "-i", "0.1"]
        with log.open("wb") as out:
            process = await trio.lowlevel.open_process(
                [*command, "-m", "100", *texts],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        try:
            await self.logged("Fakesmsc client connected")
            yield log
        finally:
            with trio.CancelScope(shield=True):
                await ended(process)

    async def send(self, contact: str, message_id: str) -> None:
        dlr_url = self.dlr_url.replace(":8470", f":{self.hook_port}")
        assert "MESSAGE-ID" in dlr_url
        query = urllib.parse.urlencode(
            {
                "username": "smstrack", "password": "change-me", "from": OURS, "to": contact,
                "text": "hello", "dlr-mask": "31",
                "dlr-url": dlr_url.replace("MESSAGE-ID", message_id),
            }
        )  # fmt: skip
        [answer] = await exchange(self.send_port, request("GET", f"/cgi-bin/sendsms?{query}"))
        # 3 where the SMSC is not there yet: it is sent as soon as it is.
        known = (b"0: Accepted for delivery", b"3: Queued for later delivery")
        assert answer.status == 202
        assert answer.body in known


async def ended(process: trio.Process) -> None:
    if process.returncode is None:
        process.terminate()
        with trio.move_on_after(10):
            await process.wait()
            return
        process.kill()
        await process.wait()


def registered(engine: sms.Engine) -> sms.Campaign:
    spring = engine.campaign("spring")
    contacts = [number(index) for index in range(4)]
    ids = [(contact, f"m-{index}") for index, contact in enumerate(contacts)]
    spring.blast("b1", audience=contacts, sender=OURS).sent(ids, provider="kannel")
    return spring


def got(log: Path) -> int:
    """Messages that arrived at handsets."""
    return log.read_text(errors="replace").count("Got message")


async def test_receipts_and_replies_of_a_real_gateway(engine: sms.Engine, tmp_path: Path) -> None:
    spring = registered(engine)
    [port] = free_ports(1)
    says = [
        f"{number(0)} {OURS} text Yes please",
        f"{number(1)} {OURS} text STOP",
        # "Привет" as the air has it.
        f"{number(2)} {OURS} ucs2 %04%1F%04%40%048%042%045%04B",
    ]
    async with (
        sms.serve(engine, port=port) as server,
        Kannel(tmp_path, port).running() as kannel,
        kannel.handsets(*says) as log,
    ):
        for index in range(3):
            await kannel.send(number(index), f"m-{index}")
        await until(lambda: len(spring.replied) == 3, "three replies")
        await until(lambda: len(spring.delivered) == 3, "three receipts")
        await until(lambda: len(spring.carrier) == 3, "what came before them")
        answers = server.stats()["answers"]
        assert got(log) == 3, "an answer of ours was sent to a contact"
    assert spring.delivered.numbers() == [number(0), number(1), number(2)]
    assert spring.pending.numbers() == [number(3)]
    assert spring.replied.numbers() == [number(0), number(1), number(2)]
    assert spring.replied_with("yes").numbers() == [number(0)]
    assert spring.replied_with("stop").numbers() == [number(1)]
    assert spring.opted_out.numbers() == engine.suppressed.numbers() == [number(1)]
    assert engine.dead_letters() == []
    assert set(answers) == {"200"}


async def test_what_waits_while_nobody_listens_comes_afterwards(
    engine: sms.Engine, tmp_path: Path
) -> None:
    spring = registered(engine)
    [port] = free_ports(1)
    text = f"{number(3)} {OURS} text hello"
    async with Kannel(tmp_path, port).running() as kannel, kannel.handsets(text) as log:
        await kannel.send(number(0), "m-0")
        await until(lambda: got(log) == 1, "the message")
        assert len(spring.delivered) == 0
        async with sms.serve(engine, port=port):
            await until(lambda: len(spring.delivered) == 1, "the receipt, sent again")
            await until(lambda: len(spring.replied) == 1, "the reply, sent again")
    assert spring.delivered.numbers() == [number(0)]
    assert spring.replied.numbers() == [number(3)]

"""A disk that takes no more, over HTTP: 503 with Retry-After, and nothing of it acknowledged.

The limit is the kernel's own (RLIMIT_FSIZE on the server process), so real writes to real files
fail part-way, as they do on a full disk.
"""

import signal
import subprocess
import sys
from pathlib import Path

import orjson
import trio

import smstrack_core as sms

from fiction import number
from wire import Answer, exchange, form, request

FILE_KIB_MAX = 64
REQUESTS_MAX = 5_000
TOLD_WITHIN_S = 30.0


def receipt(index: int) -> bytes:
    return form("/hooks/twilio", f"MessageSid=SM{index}&MessageStatus=delivered&To={number(index)}")


def until_told(server: subprocess.Popen[bytes]) -> None:
    """Until the operator is told on stderr as well."""
    assert server.stderr is not None
    for line in server.stderr:
        if b"answered 503" in line:
            return
    raise AssertionError("nothing was said")


async def fill(port: int) -> tuple[int, Answer]:
    """Sends receipts until one is refused; how many were kept, and the refusal."""
    for index in range(REQUESTS_MAX):
        [answer] = await exchange(port, receipt(index))
        if answer.status != 200:
            return index, answer
    raise AssertionError("the disk took everything")


async def test_a_full_disk_is_503_and_loses_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with sms.open(data) as engine:
        b1 = engine.campaign("spring").blast("b1")
        b1.sent([(number(index), f"SM{index}") for index in range(400)], provider="twilio")
    limited = ["bash", "-c", f'ulimit -f {FILE_KIB_MAX} && exec "$@"', "bash"]
    command = [sys.executable, "-m", "smstrack_core", "serve", str(data), "--port", "0"]
    with subprocess.Popen(  # noqa: ASYNC220 - started once, read once, ended below
        [*limited, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().rsplit(b":", 1)[1])
        kept, refusal = await fill(port)
        assert refusal.status == 503
        assert int(refusal.headers["retry-after"]) > 0
        assert orjson.loads(refusal.body)["code"] in {"log_append_failed", "storage_failed"}
        for index in range(kept, kept + 3):
            [again] = await exchange(port, receipt(index))
            assert again.status == 503, "after a failed write nothing is acknowledged"
        [health] = await exchange(port, request("GET", "/healthz"))
        assert health.status == 503
        with trio.fail_after(TOLD_WITHIN_S):
            await trio.to_thread.run_sync(until_told, server, abandon_on_cancel=True)
        server.send_signal(signal.SIGTERM)
        server.wait()
    with sms.open(data) as engine:
        assert len(engine.segment("spring.delivered")) in {min(kept, 400), min(kept + 1, 400)}
        for index in range(min(kept, 400)):
            assert number(index) in engine.segment("spring.delivered")
        engine.ingest("twilio", [b"MessageSid=SM399&MessageStatus=delivered"])
        assert number(399) in engine.segment("spring.delivered")

"""`smstrack serve` as a process of its own, so that it can be killed like one."""

import subprocess
import sys
from pathlib import Path
from typing import Final, final

import orjson
import trio

START_S: Final = 60.0
"""Seconds a server may take to recover and listen."""
STOP_S: Final = 30.0
"""Seconds a server may take to drain and close."""


@final
class ServerProcess:
    """One server on a free loopback port."""

    def __init__(self, process: trio.Process, port: int) -> None:
        self._process = process
        self.port: Final = port

    @classmethod
    async def start(
        cls, directory: Path, templates: dict[str, dict[str, str]] | None = None
    ) -> "ServerProcess":
        """Starts a server on a data directory and waits until it listens.

        Raises:
            RuntimeError: It ended, or said nothing, instead of listening.
        """
        command = [sys.executable, "-m", "smstrack_core", "serve", str(directory), "--port", "0"]
        # The traffic twin signs nothing, and some of its contacts opt in again.
        command += ["--default-trust", "allowed"]
        for key, roles in (templates or {}).items():
            command += ["--template", f"{key}={orjson.dumps(roles).decode()}"]
        process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
        line = b""
        try:
            with trio.move_on_after(START_S):
                line = await _first_line(process)
        except BaseException:
            process.kill()
            raise
        if b"listening on http://" not in line:
            process.kill()
            await process.wait()
            message = f"the server did not listen within {START_S:.0f} s; see its error above"
            raise RuntimeError(message)
        return cls(process, int(line.rsplit(b":", 1)[1]))

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, which drains and closes; returns the exit code."""
        self._process.terminate()
        with trio.move_on_after(STOP_S):
            return await self._process.wait()
        await self.kill()
        return -1


async def _first_line(process: trio.Process) -> bytes:
    line = b""
    assert process.stdout is not None
    while not line.endswith(b"\n"):
        received = await process.stdout.receive_some(1)
        if not received:
            return b""
        line += received
    return line

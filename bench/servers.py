"""The contestants of bench/http.py: how each is started, on one core, and stopped."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench import common

START_S: Final = 20.0
"""Longest wait for a server to listen."""
STOP_S: Final = 20.0
"""Longest wait for one to end when asked to."""
_CLI: Final = "import sys; from smstrack_core.cli import main; sys.exit(main())"
"""The console script, of this interpreter's installation and no other."""
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:(\d+)")


class MissingError(Exception):
    """A contestant is not installed; the text says how to get it."""


@dataclass(slots=True)
class Server:
    """A running contestant."""

    name: str
    process: subprocess.Popen[str]
    port: int
    load_options: list[str] = field(default_factory=list)
    next_index: int = 0
    """Index of the next request: every request of a run is a new receipt."""
    acked: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of indexes answered 2xx, both ends included."""

    def stop(self) -> None:
        """Asks it to end; kills it if it does not."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _need_module(name: str) -> None:
    if find_spec(name) is None:
        raise MissingError(f"{name} is not installed: pip install -r bench/requirements.txt")


def _start(name: str, command: list[str], log: Path, port: int | None = None) -> Server:
    """Starts a server and waits until it listens: on our port, or on the one that it prints."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=common.ROOT, stdout=output, stderr=output, text=True, env=_environment()
        )
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        found = port or _printed_port(log)
        if found and _listens(found):
            return Server(name, process, found)
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise MissingError(f"{name} did not start: {_last_line(log)}")


def _environment() -> dict[str, str]:
    # The address line must not wait in a buffer.
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def _printed_port(log: Path) -> int | None:
    found = _ADDRESS.search(log.read_text())
    return int(found[1]) if found else None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _last_line(log: Path) -> str:
    said = log.read_text().strip().splitlines()
    return said[-1] if said else "it said nothing"


# Rivals -----------------------------------------------------------------------------------------

_NGINX: Final = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 3600;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 204; }} }}
}}
"""


def nginx(folder: Path) -> Server:
    """One worker that answers a bare 204."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise MissingError("nginx is not installed: apt-get install nginx-light")
    port = free_port()
    own = folder / "nginx"
    own.mkdir()
    config = own / "nginx.conf"
    config.write_text(_NGINX.format(folder=own, port=port))
    command = [program, "-c", str(config), "-p", str(own), "-e", str(own / "error.log")]
    return _start("nginx", command, own / "log", port)


def uvicorn(folder: Path) -> Server:
    """One process on uvloop and httptools, its fastest."""
    for module in ("uvicorn", "uvloop", "httptools"):
        _need_module(module)
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "bench.rivals.asgi_204:app",
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        "--log-level",
        "warning",
        "--lifespan",
        "off",
    ]
    return _start("uvicorn", command, folder / "uvicorn.log", port)


def granian(folder: Path) -> Server:
    """One worker with one runtime thread: all that one core can use."""
    for module in ("granian", "uvloop"):
        _need_module(module)
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        "bench.rivals.asgi_204:app",
        "--interface",
        "asginl",
        "--port",
        str(port),
        "--workers",
        "1",
        "--runtime-threads",
        "1",
        "--loop",
        "uvloop",
        "--http",
        "1",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    return _start("granian", command, folder / "granian.log", port)


def trio_loop(folder: Path) -> Server:
    """One Trio task a connection."""
    _need_module("trio")
    port = free_port()
    command = [sys.executable, "-m", "bench.rivals.trio_204", str(port)]
    return _start("trio", command, folder / "trio.log", port)


RIVALS: Final[dict[str, Callable[[Path], Server]]] = {
    "nginx": nginx,
    "uvicorn": uvicorn,
    "granian": granian,
    "trio": trio_loop,
}


def smstrack(name: str, directory: Path, *, fsync: bool) -> Server:
    """The real thing on a directory that is already set up."""
    _need_module("smstrack_core")
    if fsync:
        command = [sys.executable, "-c", _CLI, "serve", str(directory), "--port", "0"]
    else:
        command = [sys.executable, "-m", "bench.rivals.no_fsync", str(directory)]
    return _start(name, command, directory.with_suffix(".log"))


def start_pinned(
    starts: dict[str, Callable[[], Server]], core: int, stack: ExitStack
) -> tuple[dict[str, Server], dict[str, str]]:
    """Starts every contestant on one core; returns those that run, and why others do not."""
    running: dict[str, Server] = {}
    missing: dict[str, str] = {}
    for name, start in starts.items():
        try:
            with common.pinned(core):
                running[name] = start()
            stack.callback(running[name].stop)
        except MissingError as error:
            missing[name] = str(error)
            common.progress(f"missing: {error}")
    return running, missing

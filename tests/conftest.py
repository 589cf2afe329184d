"""Shared fixtures; runs `async def` tests in Trio with a bound on their time."""

import inspect
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

import smstrack_core as sms

ASYNC_TEST_S = 300

# A job in the background of a shell script ignores Ctrl-C, and so would every process it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}

    async def bounded() -> None:
        with trio.fail_after(ASYNC_TEST_S):
            await pyfuncitem.obj(**arguments)

    trio.run(bounded)
    return True


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sms.Engine]:
    with sms.open(tmp_path / "data", durable=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def seed() -> int:
    """One seed for a whole run; SEED=N runs a failing one again."""
    chosen = int(os.environ.get("SEED", "0")) or int.from_bytes(os.urandom(4), "little")
    print(f"SEED={chosen}")
    return chosen


def pytest_report_header() -> str:
    return f"SEED={os.environ.get('SEED', 'drawn anew; a failing test prints it')}"

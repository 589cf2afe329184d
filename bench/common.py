"""What every bench shares: who measured, CPU accounting, pinning, pairs, output."""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

ROOT: Final = Path(__file__).resolve().parent.parent
TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
PAIRS_MIN: Final = 5
"""Fewer pairs say nothing on a shared machine."""


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit() -> str:
    """The measured commit; `+` where the tree differs from it."""
    try:
        text = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],  # noqa: S607
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return text.strip()


def heading(seed: int | None = None) -> dict[str, Any]:
    """Machine, commit, command and seed: the first lines of every bench."""
    command = " ".join(["python", os.path.relpath(sys.argv[0], ROOT), *sys.argv[1:]])
    return {"machine": machine(), "commit": commit(), "command": command, "seed": seed}


# CPU time ---------------------------------------------------------------------------------------


def cpu_s(pid: int) -> float:
    """CPU seconds, user and system, of a process, its threads and all its descendants.

    The kernel rounds each process to its tick (10 ms): measure at least a second.
    """
    return TICK_S * sum(_cpu_ticks(member) for member in _tree(pid))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from _tree(int(child))


def _cpu_ticks(pid: int) -> int:
    # The name (field 2) may hold blanks and brackets: count from the last bracket on.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own_and_reaped_children = fields[11:15]
    return sum(int(field) for field in own_and_reaped_children)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Runs the body, and every process started in it, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# Pairs and ratios -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spread:
    """Figures of one contestant over all rounds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The quoted figure."""
        return statistics.median(self.values)

    def as_json(self) -> dict[str, Any]:
        """Median, least, greatest and how many."""
        return {
            "median": _short(self.median),
            "min": _short(min(self.values)),
            "max": _short(max(self.values)),
            "rounds": len(self.values),
        }

    def __str__(self) -> str:
        low, high = _short(min(self.values)), _short(max(self.values))
        return f"{_short(self.median):g} ({low:g} to {high:g}, n={len(self.values)})"


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ratio of each pair; both lists hold the rounds in order."""
    return Spread(tuple(a / b for a, b in zip(ours, theirs, strict=True)))


def in_turn(names: Sequence[str], round_number: int) -> list[str]:
    """The contestants of one round, A B then B A: drift of the machine hits both the same."""
    return list(names) if round_number % 2 == 0 else list(reversed(names))


# Checks and output ------------------------------------------------------------------------------


class Checks:
    """Checked answers; a bench with a failed one prints no figure as valid."""

    def __init__(self) -> None:
        self.results: list[dict[str, Any]] = []

    def equal(self, name: str, found: object, expected: object) -> None:
        """Notes whether a count or a set is what the generator knows."""
        self.results.append(
            {"check": name, "ok": found == expected, "found": found, "expected": expected}
        )

    @property
    def is_ok(self) -> bool:
        """Whether all held."""
        return all(result["ok"] for result in self.results)

    def __str__(self) -> str:
        return "\n".join(
            f"  {'ok' if result['ok'] else 'WRONG':5} {result['check']}: {result['found']}"
            + ("" if result["ok"] else f", expected {result['expected']}")
            for result in self.results
        )


def emit(result: Mapping[str, Any], lines: Sequence[str], *, as_json: bool) -> None:
    """Prints one machine-readable line, or text for people."""
    if as_json:
        print(orjson.dumps(result).decode())
        return
    where = result["heading"]["machine"]
    print(
        f"machine  {where['cpu']}, {where['cores']} cores, {where['memory_gib']} GiB, "
        f"Linux {where['kernel']}, Python {where['python']}"
    )
    print(f"commit   {result['heading']['commit']}")
    print(f"command  {result['heading']['command']}")
    print(f"seed     {result['heading']['seed'] or 'none: all traffic is computed from an index'}")
    print("\n".join(lines))


def progress(text: str) -> None:
    """One line on standard error, for people who wait."""
    print(text, file=sys.stderr, flush=True)

"""P2: CPU a request of the ingest door with durable answers, against servers that only answer."""

import argparse
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

# As a script, this file would hide the standard library's http from everything imported next.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import orjson

from bench import common, servers, tracked
from bench.servers import Server

GOALS: Final = {"nginx": 1.5, "uvicorn": 1 / 3, "granian": 1 / 3, "trio": 1 / 3}
"""PERFORMANCE P2: CPU a request of smstrack over that of each, at most."""
OURS: Final = "smstrack"
NO_FSYNC: Final = "smstrack-no-fsync"
WARMUP_REQUESTS: Final = 20_000
OPEN_LOOP_SECONDS: Final = 10
SECONDS_MAX: Final = 120
"""Longest time one load run may take."""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", default="64,256", help="numbers, with commas")
    parser.add_argument("--requests", type=int, default=200_000, help="requests a round")
    parser.add_argument("--rounds", type=int, default=common.PAIRS_MIN, help="rounds of each")
    parser.add_argument("--contacts", type=int, default=1_000_000, help="known contacts")
    parser.add_argument("--rivals", default=",".join(servers.RIVALS), help="which, with commas")
    parser.add_argument("--rivals-only", action="store_true", help="leave smstrack out")
    parser.add_argument("--no-fsync", action="store_true", help="smstrack without fdatasync too")
    parser.add_argument(
        "--rate", type=int, help="also one open-loop run of each at so many requests a second"
    )
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--directory", type=Path, help="where data directories are made")
    parser.add_argument(
        "--generator", type=Path, default=common.ROOT / "target/release/smstrack-load"
    )
    parser.add_argument("--json", action="store_true", help="one machine-readable line")
    asked = parser.parse_args()
    asked.connections = [int(number) for number in asked.connections.split(",")]
    asked.rivals = [name for name in asked.rivals.split(",") if name]
    for name in asked.rivals:
        if name not in servers.RIVALS:
            parser.error(f"--rivals {name}: takes {', '.join(servers.RIVALS)}")
    if not asked.generator.exists():
        parser.error(f"{asked.generator} is missing: cargo build --release -p smstrack-load")
    return asked


def messages_needed(asked: argparse.Namespace) -> int:
    """Receipts that one server will be sent at most."""
    a_setting: int = WARMUP_REQUESTS + asked.rounds * asked.requests
    open_loop: int = (asked.rate or 0) * OPEN_LOOP_SECONDS
    settings: int = len(asked.connections)
    return settings * (a_setting + open_loop)


# One load run -----------------------------------------------------------------------------------


def load(
    server: Server, asked: argparse.Namespace, ledger: Path, options: list[str]
) -> dict[str, Any]:
    """Runs the generator on its own core; notes what was answered; returns its report."""
    command = [
        str(asked.generator),
        "--port",
        str(server.port),
        "--json",
        "--shape",
        "twilio",
        "--target",
        tracked.TARGET,
        "--contacts",
        str(asked.contacts),
        "--first",
        str(server.next_index),
        "--ledger",
        str(ledger),
        *options,
    ]
    with common.pinned(asked.load_core):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"{server.name}: load generator failed: {run.stderr or run.stdout}")
    report: dict[str, Any] = orjson.loads(run.stdout)
    server.next_index += report["sent"]
    server.acked += [
        (int(first), int(last))
        for first, last in (line.split() for line in ledger.read_text().splitlines())
    ]
    return report


def closed_loop(
    server: Server, asked: argparse.Namespace, ledger: Path, connections: int, requests: int
) -> dict[str, float]:
    """CPU of the server a request, and what share of the time it was busy."""
    options = ["--closed", "--connections", str(connections), "--requests", str(requests)]
    before = common.cpu_s(server.process.pid)
    report = load(server, asked, ledger, [*options, "--seconds", str(SECONDS_MAX)])
    used = common.cpu_s(server.process.pid) - before
    if report["statuses"].keys() - {"200", "202", "204"} or report["answered"] != requests:
        raise SystemExit(f"{server.name}: not every request was answered 2xx: {report}")
    rate: float = report["rate_per_s"]
    return {
        "cpu_us": used / requests * 1e6,
        "rate_per_s": rate,
        "busy": used / requests * rate,
        "p99_us": report["latency_us"]["p99"],
    }


def open_loop(
    server: Server, asked: argparse.Namespace, ledger: Path, connections: int
) -> dict[str, Any]:
    """Latencies at a fixed rate, counted from when requests should have gone out."""
    report = load(
        server,
        asked,
        ledger,
        [
            "--rate",
            str(asked.rate),
            "--connections",
            str(connections),
            "--seconds",
            str(OPEN_LOOP_SECONDS),
            "--warmup",
            "1",
        ],
    )
    return {
        "latency_us": report["latency_us"],
        "rate_per_s": report["rate_per_s"],
        "failed": report["failed"],
        "unanswered": report["unanswered"],
        "unsent": report["unsent"],
    }


# All rounds -------------------------------------------------------------------------------------


def setting(
    running: dict[str, Server], asked: argparse.Namespace, ledger: Path, connections: int
) -> dict[str, Any]:
    """All contestants at one number of connections, in turn."""
    for server in running.values():
        closed_loop(server, asked, ledger, connections, WARMUP_REQUESTS)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in running}
    for number in range(asked.rounds):
        for name in common.in_turn(list(running), number):
            result = closed_loop(running[name], asked, ledger, connections, asked.requests)
            found[name].append(result)
            common.progress(
                f"{connections} connections, round {number + 1} of {asked.rounds}: {name} "
                f"{result['cpu_us']:.2f} us a request, busy {result['busy']:.0%}"
            )
    told: dict[str, dict[str, Any]] = {name: summary(rounds) for name, rounds in found.items()}
    if asked.rate:
        for name, server in running.items():
            told[name]["open_loop"] = open_loop(server, asked, ledger, connections)
    return {"servers": told, "ratios": compare(found)}


def summary(rounds: list[dict[str, float]]) -> dict[str, Any]:
    """Median and spread of every figure of one server."""
    return {
        figure: common.Spread(tuple(one[figure] for one in rounds)).as_json()
        for figure in rounds[0]
    }


def compare(found: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Our CPU a request over that of each other, round by round."""
    cpu = {name: [one["cpu_us"] for one in rounds] for name, rounds in found.items()}
    if OURS not in cpu:
        return {}
    compared: dict[str, Any] = {}
    for name, goal in GOALS.items():
        if name in cpu:
            compared[name] = {
                **common.ratios(cpu[OURS], cpu[name]).as_json(),
                "goal_max": goal,
            }
    if NO_FSYNC in cpu:
        # At most 20 % cheaper: what durability costs.
        spread = common.ratios(cpu[NO_FSYNC], cpu[OURS]).as_json()
        compared["no-fsync over durable"] = {**spread, "goal_min": 0.8}
    return compared


def lines(result: dict[str, Any]) -> list[str]:
    """The report for people."""
    told = ["", "P2 HTTP ingest: server CPU, microseconds a request (median; least to greatest)"]
    for connections, found in result["results"].items():
        told.append(f"{connections} connections")
        for name, figures in found["servers"].items():
            cpu, rate, busy = (figures[key] for key in ("cpu_us", "rate_per_s", "busy"))
            told.append(
                f"  {name:18} {cpu['median']:7.2f}  ({cpu['min']:.2f} to {cpu['max']:.2f}, "
                f"n={cpu['rounds']})  {rate['median']:>9,.0f} requests/s, busy {busy['median']:.0%}"
            )
            if loop := figures.get("open_loop"):
                told.append(f"    open loop {loop['rate_per_s']:,.0f}/s: {loop['latency_us']}")
        for name, spread in found["ratios"].items():
            goal = ", ".join(f"{k} {v:.3g}" for k, v in spread.items() if k.startswith("goal"))
            told.append(
                f"  ratio {name}: {spread['median']:g} "
                f"({spread['min']:g} to {spread['max']:g}), {goal}"
            )
    told += [f"missing  {name}: {why}" for name, why in result["missing"].items()]
    return told


# The bench --------------------------------------------------------------------------------------


def contestants(asked: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """How to start each contestant; smstrack's directories are set up on the way."""
    starts: dict[str, Any] = {}
    if asked.rivals_only:
        return starts | {name: partial(servers.RIVALS[name], folder) for name in asked.rivals}, {}
    missing: dict[str, str] = {}
    for name, fsync in ((OURS, True), (NO_FSYNC, False)):
        if not fsync and not asked.no_fsync:
            continue
        common.progress(f"{name}: {asked.contacts:,} contacts, {messages_needed(asked):,} messages")
        try:
            tracked.set_up(folder / name, asked.contacts, messages_needed(asked))
        except ImportError as error:
            missing[name] = f"{error}: make build"
            continue
        starts[name] = partial(servers.smstrack, name, folder / name, fsync=fsync)
    return starts | {name: partial(servers.RIVALS[name], folder) for name in asked.rivals}, missing


def measure(asked: argparse.Namespace, folder: Path) -> int:
    """Runs all; returns the exit status."""
    starts, missing = contestants(asked, folder)
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        running, not_started = servers.start_pinned(starts, asked.server_core, stack)
        missing |= not_started
        for connections in asked.connections:
            results[str(connections)] = setting(running, asked, folder / "ledger", connections)
    checks = common.Checks()
    for name in (OURS, NO_FSYNC):
        if name in running:
            tracked.check(name, folder / name, asked.contacts, running[name].acked, checks)
    for name, server in running.items():
        answered = sum(last - first + 1 for first, last in server.acked)
        checks.equal(f"{name} answered 2xx", answered, server.next_index)
    is_ok = checks.is_ok and not missing
    result = {
        "bench": "P2 http",
        "heading": common.heading(),
        "requests_a_round": asked.requests,
        "contacts": asked.contacts,
        "results": results,
        "missing": missing,
        "ok": is_ok,
        "checks": checks.results,
    }
    common.emit(result, [*lines(result), "checks", str(checks)], as_json=asked.json)
    return 0 if is_ok else 1


def main() -> int:
    """In a directory that is gone afterwards."""
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="smstrack-bench-", dir=asked.directory) as folder:
        # nginx's worker runs under another user where the master is root.
        Path(folder).chmod(0o755)
        return measure(asked, Path(folder))


if __name__ == "__main__":
    sys.exit(main())

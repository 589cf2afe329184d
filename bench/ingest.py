"""P1: in-process ingest of provider-shaped bodies, durable, against plain Python without a log."""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, Final

# As a script, this folder would hide the standard library's http behind bench/http.py.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pyroaring import BitMap

from bench import common, shapes
from bench.plain import PlainTracker
from bench.shapes import Group, Traffic
from bench.tracked import contacts_in

CAMPAIGN: Final = "bench"
INDEX_STEP: Final = 100_000_000
"""Each mix has message ids of its own."""
TARGETS: Final = {"form": 25.0, "json": 8.0}
"""PERFORMANCE P1: times as many events a second as plain Python."""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000, help="known contacts")
    parser.add_argument("--events", type=int, default=200_000, help="receipts a round and mix")
    parser.add_argument("--batch", type=int, default=20_000, help="receipts a call (one fdatasync)")
    parser.add_argument("--rounds", type=int, default=common.PAIRS_MIN, help="pairs of each mix")
    parser.add_argument("--mixes", default="form,json,smpp,mix", help="which, with commas")
    parser.add_argument(
        "--match",
        choices=("contact", "id"),
        default="contact",
        help="receipts find their blast by sender and contact, or by registered message id",
    )
    parser.add_argument("--no-fsync", action="store_true", help="leave out fdatasync")
    parser.add_argument("--core", type=int, default=0, help="the core that all runs on")
    parser.add_argument("--directory", type=Path, help="where the data directory is made")
    parser.add_argument("--rivals-only", action="store_true", help="only the plain Python")
    parser.add_argument(
        "--profile-loop",
        type=float,
        metavar="SECONDS",
        help="only our side, first mix, for so long: something to attach a profiler to",
    )
    parser.add_argument("--json", action="store_true", help="one machine-readable line")
    asked = parser.parse_args()
    asked.mixes = asked.mixes.split(",")
    asked.batch = max(1, asked.batch // shapes.BATCH_STEP) * shapes.BATCH_STEP
    asked.events = max(1, asked.events // asked.batch) * asked.batch
    asked.rounds = max(asked.rounds, 1)
    for mix in asked.mixes:
        if mix not in shapes.MIXES:
            parser.error(f"--mixes {mix}: takes {', '.join(shapes.MIXES)}")
    return asked


# Our side ---------------------------------------------------------------------------------------


class Ours:
    """smstrack_core, opened on a fresh directory, with one blast for each mix."""

    def __init__(self, asked: argparse.Namespace, directory: Path) -> None:
        import smstrack_core as sms  # noqa: PLC0415 - the rival is measured without it

        self._sms = sms
        self._engine = sms.open(directory, durable=not asked.no_fsync)
        self._campaign = self._engine.campaign(CAMPAIGN)

    def register(self, mix: str, traffic: Traffic) -> None:
        """Registers the mix's blast with every contact as its audience."""
        numbers = (f"+{shapes.number_of(contact)}" for contact in range(traffic.contacts))
        self._campaign.blast(mix, sender=f"+{traffic.sender}", audience=numbers)

    def register_ids(self, mix: str, traffic: Traffic, batches: Iterable[tuple[int, int]]) -> None:
        """Registers the message ids of these batches, provider by provider."""
        blast = self._campaign.blast(mix)
        for first, count in batches:
            for provider, start, share in shapes.shares(mix, first, count):
                blast.sent(_messages(traffic, provider, start, share), provider=provider)

    def prepare(self, groups: list[Group]) -> list[tuple[str, list[Any]]]:
        """What a caller holds who received these bodies: not part of the measured work."""
        return [(group.provider, self._requests(group)) for group in groups]

    def _requests(self, group: Group) -> list[Any]:
        if group.provider != "smpp":
            return list(group.bodies)
        return [
            self._sms.Request("SMPP", "deliver_sm", _smpp_headers(number, group), text)
            for number, text in zip(group.handsets, group.bodies, strict=True)
        ]

    def ingest(self, batches: list[list[tuple[str, list[Any]]]]) -> int:
        """Takes in prepared batches; returns the events accepted."""
        return sum(self._engine.ingest_mixed(batch).accepted for batch in batches)

    def contacts_in(self, mix: str, name: str) -> BitMap:
        """A set of the mix's blast, by the generator's contact numbers."""
        return contacts_in(self._engine.core, f'"{CAMPAIGN}"/"{mix}".{name}')

    def close(self) -> None:
        """Lets go of the directory."""
        self._engine.close()


def _smpp_headers(number: str, group: Group) -> list[tuple[str, str]]:
    return [
        ("source_addr", number),
        ("destination_addr", str(group.sender)),
        ("esm_class", "4"),
        ("data_coding", "0"),
    ]


def _messages(traffic: Traffic, provider: str, first: int, count: int) -> Iterable[tuple[str, str]]:
    for index in range(first, first + count):
        contact = shapes.contact_of(index, traffic.contacts)
        yield f"+{shapes.number_of(contact)}", shapes.message_id(provider, index)


# One mix ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Race:
    """One mix: its traffic, both contestants' figures, and how far it has come."""

    mix: str
    traffic: Traffic
    plain: PlainTracker
    first: int
    next: int
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"ours": [], "plain": []})
    accepted: int = 0


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall-clock seconds of one call, garbage collection held off, and what it returned."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        result = work()
        return time.perf_counter() - began, result
    finally:
        gc.enable()


def run_round(race: Race, ours: Ours | None, asked: argparse.Namespace, number: int) -> None:
    """Both sides take in the same new receipts, in turn first and second."""
    starts = range(race.next, race.next + asked.events, asked.batch)
    batches = [shapes.batch(race.traffic, race.mix, start, asked.batch) for start in starts]
    if asked.match == "id":
        register_ids(race, ours, asked)
    race.next += asked.events
    for side in common.in_turn(["ours", "plain"], number):
        if side == "plain":
            seconds, _ = timed(lambda: race.plain.ingest(chain.from_iterable(batches)))
        elif ours is not None:
            prepared = [ours.prepare(groups) for groups in batches]
            seconds, accepted = timed(partial(ours.ingest, prepared))
            race.accepted += accepted
            del prepared
        else:
            continue
        race.seconds[side].append(seconds)


def register_ids(race: Race, ours: Ours | None, asked: argparse.Namespace) -> None:
    """The round's message ids, on both sides."""
    starts = range(race.next, race.next + asked.events, asked.batch)
    for start in starts:
        for provider, first, count in shapes.shares(race.mix, start, asked.batch):
            for index in range(first, first + count):
                contact = shapes.contact_of(index, asked.contacts)
                race.plain.index_of[shapes.message_id(provider, index)] = contact
    if ours is not None:
        ours.register_ids(race.mix, race.traffic, ((start, asked.batch) for start in starts))


def check(race: Race, ours: Ours | None, checks: common.Checks) -> None:
    """Both sides' sets equal what the generator knows."""
    expected = shapes.expected(range(race.first, race.next), race.traffic.contacts)
    sets = race.plain.sets
    checks.equal(f"{race.mix} plain delivered", len(sets["delivered"]), len(expected.delivered))
    checks.equal(f"{race.mix} plain failed", len(sets["failed"]), len(expected.failed))
    checks.equal(
        f"{race.mix} plain same contacts",
        (sets["delivered"] == expected.delivered, sets["failed"] == expected.failed),
        (True, True),
    )
    if ours is None:
        return
    delivered = ours.contacts_in(race.mix, "delivered")
    failed = ours.contacts_in(race.mix, "failed_final")
    checks.equal(f"{race.mix} events accepted", race.accepted, race.next - race.first)
    checks.equal(f"{race.mix} delivered", len(delivered), len(expected.delivered))
    checks.equal(f"{race.mix} failed", len(failed), len(expected.failed))
    checks.equal(
        f"{race.mix} same contacts",
        (delivered == expected.delivered, failed == expected.failed),
        (True, True),
    )


# The bench --------------------------------------------------------------------------------------


def races(asked: argparse.Namespace) -> list[Race]:
    """One race a mix; the plain side's dict of contacts is shared, as it only reads it."""
    index_of: dict[str, int] = {}
    if asked.match == "contact":
        common.progress(f"plain: dict of {asked.contacts:,} contacts")
        index_of = {f"+{shapes.number_of(n)}": n for n in range(asked.contacts)}
    made = []
    for place, mix in enumerate(asked.mixes):
        traffic = Traffic(asked.contacts, shapes.SENDER + place)
        plain = PlainTracker(index_of, by_id=asked.match == "id")
        first = place * INDEX_STEP
        made.append(Race(mix, traffic, plain, first, first))
    return made


def open_ours(asked: argparse.Namespace, directory: Path, made: list[Race]) -> Ours | None:
    """Our side with everything registered; None if it was not asked for."""
    if asked.rivals_only:
        return None
    if find_spec("smstrack_core") is None:
        raise SystemExit("smstrack_core is not installed: make build (or say --rivals-only)")
    ours = Ours(asked, directory)
    for race in made:
        common.progress(f"smstrack: audience of {asked.contacts:,} contacts for {race.mix}")
        ours.register(race.mix, race.traffic)
    return ours


def summary(race: Race, asked: argparse.Namespace) -> dict[str, Any]:
    """Events a second of both, and the ratio of each pair."""
    rate = {
        side: common.Spread(tuple(asked.events / seconds for seconds in found))
        for side, found in race.seconds.items()
        if found
    }
    result: dict[str, Any] = {"mix": shapes.MIXES[race.mix], "events_a_round": asked.events}
    result |= {f"{side}_events_per_s": spread.as_json() for side, spread in rate.items()}
    if "ours" in rate:
        result["ratio"] = common.ratios(rate["ours"].values, rate["plain"].values).as_json()
        result["target"] = TARGETS.get(race.mix)
    return result


def lines(results: dict[str, Any], checks: common.Checks) -> list[str]:
    """The report for people."""
    told = ["", "P1 in-process ingest, events a second (median; least to greatest)"]
    for mix, result in results.items():
        told.append(
            f"{mix}: {', '.join(f'{name} {part} %' for name, part in result['mix'].items())}"
        )
        told += [
            f"  {side:6} {spread['median']:>12,.0f}  "
            f"({spread['min']:,.0f} to {spread['max']:,.0f}, n={spread['rounds']})"
            for side in ("ours", "plain")
            if (spread := result.get(f"{side}_events_per_s"))
        ]
        if spread := result.get("ratio"):
            goal = f", goal {result['target']:g}" if result["target"] else ""
            told.append(
                f"  ratio  {spread['median']:g} ({spread['min']:g} to {spread['max']:g}){goal}"
            )
    return [*told, "checks", str(checks)]


def profile_loop(asked: argparse.Namespace, race: Race, ours: Ours) -> None:
    """Our side only, round and round over new receipts."""
    until = time.monotonic() + asked.profile_loop
    while time.monotonic() < until:
        starts = range(race.next, race.next + asked.events, asked.batch)
        prepared = [
            ours.prepare(shapes.batch(race.traffic, race.mix, start, asked.batch))
            for start in starts
        ]
        if asked.match == "id":
            register_ids(race, ours, asked)
        race.next += asked.events
        seconds, _ = timed(partial(ours.ingest, prepared))
        common.progress(f"{asked.events / seconds:,.0f} events/s")


def measure(asked: argparse.Namespace, directory: Path) -> int:
    """Runs all; returns the exit status."""
    made = races(asked)
    ours = open_ours(asked, directory, made)
    if asked.profile_loop and ours is not None:
        profile_loop(asked, made[0], ours)
        return 0
    for number in range(asked.rounds):
        for race in made:
            common.progress(f"round {number + 1} of {asked.rounds}: {race.mix}")
            run_round(race, ours, asked, number)
    checks = common.Checks()
    for race in made:
        check(race, ours, checks)
    if ours is not None:
        ours.close()
    results = {race.mix: summary(race, asked) for race in made}
    result = {
        "bench": "P1 ingest",
        "heading": common.heading(),
        "contacts": asked.contacts,
        "batch": asked.batch,
        "match": asked.match,
        "durable": not asked.no_fsync,
        "results": results,
        "ok": checks.is_ok,
        "checks": checks.results,
    }
    common.emit(result, lines(results, checks), as_json=asked.json)
    return 0 if checks.is_ok else 1


def main() -> int:
    """Everything on one core, in a directory that is gone afterwards."""
    asked = arguments()
    with (
        common.pinned(asked.core),
        tempfile.TemporaryDirectory(prefix="smstrack-bench-", dir=asked.directory) as directory,
    ):
        return measure(asked, Path(directory) / "data")


if __name__ == "__main__":
    sys.exit(main())

"""One line for the table of faults: row, trials, faults that really fired, result, seconds.

Written to the file that FAULT_ROWS names, and on failure too. `python tests/fault_rows.py TIER
FILE` prints the table; a row that has no line is in it all the same, with the reason.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IS_LONG = os.environ.get("FAULT_TIER") == "T2"

# Rows of the table, in order, and why one may have no line.
ROWS = {
    "M1": "runs in `make soak`: it needs a build with planted defects",
    "M2": "",
    "M3": "",
    "M4": "",
    "M5": "",
    "D1": "",
    "D2": "",
    "D3": "needs strace",
    "D4": "needs root, loop devices and ext4",
    "D5": "needs root, loop devices, FUSE and qemu-storage-daemon",
    "D6": "",
    "D7": "",
    "D8": "needs root, strace, loop devices and ext4",
    "D9": "needs root, strace, loop devices and ext4",
    "D10": "",
    "D11": "",
    "D12": "",
    "D13": "",
    "D14": "",
    "D15": "",
    "D16": "",
    "D17": "",
    "D18": "not written: needs a control group of its own",
    "D19": "",
    "D20": "",
    "D21": "needs Linux: /proc",
    "D22": "not written: there is no distributed log yet",
    "D23": "",
    "D24": "not written: `make soak` with a large T is the nearest",
    "D25": "",
    "W1": "needs strace",
    "W2": "not written: bench/http.py measures it",
    "W3": "",
    "W4": "",
    "W5": "",
    "W6": "",
    "W7": "",
    "W8": "",
}


class Row:
    """A row under way."""

    def __init__(self) -> None:
        self.trials = 0
        self.fired: Counter[str] = Counter()
        self.note = ""

    def trial(self, kind: str, fired: int = 1) -> None:
        self.trials += 1
        self.fired[kind] += fired


@contextmanager
def row(name: str, what: str) -> Iterator[Row]:
    counted = Row()
    begun = time.monotonic()
    result = "FAILED"
    try:
        yield counted
        result = "held"
    finally:
        _write(
            {
                "row": name,
                "what": what,
                "trials": counted.trials,
                "fired": counted.fired,
                "result": result,
                "seconds": time.monotonic() - begun,
                "note": counted.note,
            }
        )


def skipped(name: str, reason: str) -> None:
    _write({"row": name, "what": reason, "trials": 0, "fired": {}, "result": "not run"})


def _write(line: dict[str, object]) -> None:
    path = os.environ.get("FAULT_ROWS")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def table(tier: str, lines: list[dict[str, object]]) -> str:
    """The table, in Markdown."""
    out = [
        f"| {tier} row | fault | trials | fired | result | s |",
        "| --- | --- | ---: | ---: | --- | ---: |",
    ]
    notes = []
    for name, reason in ROWS.items():
        mine = [line for line in lines if line["row"] == name]
        if not mine:
            why = reason or "no result: its test did not run"
            out.append(f"| {name} | {why} | 0 | 0 | not run | |")
        for line in mine:
            fired = line["fired"]
            assert isinstance(fired, dict)
            trials = f"{line['trials']:,}"
            count = f"{sum(fired.values()):,}"
            seconds = float(str(line.get("seconds", 0)))
            what, result = line["what"], line["result"]
            out.append(f"| {name} | {what} | {trials} | {count} | {result} | {seconds:.0f} |")
            if line.get("note"):
                notes.append(f"- {name}: {line['note']}")
    return "\n".join([*out, "", *notes])


def main() -> int:
    tier, path = sys.argv[1:]
    file = Path(path)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    print(table(tier, lines))
    return any(line["result"] == "FAILED" for line in lines)


if __name__ == "__main__":
    sys.exit(main())

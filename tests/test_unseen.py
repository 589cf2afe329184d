"""Replies that neither rules nor model were made from: what a stranger's wording may expect.

The lines were written by people who had seen neither, in 22 languages, a quarter of them traps:
the words of an opt-out, and none meant. `make model` does not read them, and nobody who writes
rules should: who has looked at them moves them to `training/replies` and has new ones written.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from smstrack_core.replies.label import judge

FILE = Path(__file__).parent / "data" / "unseen" / "replies.jsonl"


class Heard(NamedTuple):
    """One label over some replies."""

    said: int
    heard: int
    both: int

    @property
    def recall(self) -> float:
        return self.both / max(1, self.said)

    @property
    def precision(self) -> float:
        return self.both / max(1, self.heard)


def rows() -> list[dict[str, object]]:
    return [json.loads(line) for line in FILE.read_text().splitlines()]


def heard(label: str, lang: str | None = None) -> Heard:
    said = got = both = 0
    for row in rows():
        if lang is None or row["lang"] == lang:
            is_said = label in str(row["labels"])
            is_heard = label in judge(str(row["text"])).labels
            said, got, both = said + is_said, got + is_heard, both + (is_said and is_heard)
    return Heard(said, got, both)


@pytest.mark.slow
def test_opt_outs_in_a_strangers_words() -> None:
    found = heard("opt_out")
    assert found.recall >= 0.97, found
    assert found.precision >= 0.95, found


@pytest.mark.slow
def test_traps_are_hardly_ever_hit() -> None:
    traps = [row for row in rows() if row["trap"]]
    hit = sum("opt_out" in judge(str(row["text"])).labels for row in traps)
    assert hit <= 0.02 * len(traps), f"{hit} of {len(traps)}"


@pytest.mark.slow
def test_nobody_is_opted_in_by_mistake() -> None:
    assert heard("opt_in").precision >= 0.995, heard("opt_in")


@pytest.mark.slow
def test_spanish_is_heard_as_well() -> None:
    found = heard("opt_out", "es")
    assert found.recall >= 0.88, found
    assert found.precision >= 0.9, found

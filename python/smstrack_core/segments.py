"""Segments: set expressions over contacts, and the names of the sets they are made of.

A segment is text that the engine evaluates when it is asked something, so it is always as of
the last commit: nothing is cached and nothing goes stale. Grammar: docs/segments.md.
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from smstrack_core.errors import input_error

if TYPE_CHECKING:
    from array import array

    import pyroaring

    from smstrack_core import _core

PAGE_COUNT: Final = 65_536
"""Contacts in one page of numbers: about 0.9 MB of text, so exports stay in constant memory."""

_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_ATOM: Final = (_PLAIN - {"-"}) | set("./:")
"""An expression of only these is one set and needs no parentheses."""


def quote_name(name: str) -> str:
    """Writes a campaign, blast or tag name as it must stand in an expression.

    Raises:
        InputError: name_invalid, when it is empty or holds a double quote.
    """
    if not name or '"' in name:
        raise input_error(
            "name_invalid",
            "a name is empty or holds a double quote. "
            "Use 1 to 128 bytes without control characters or quotes.",
        )
    return name if set(name) <= _PLAIN else f'"{name}"'


@final
@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    path: Path
    written: int
    """Contacts in the file."""
    suppressed: int
    """Contacts of the segment left out because they must not be sent to."""


@final
class Segment:
    """The contacts that a set expression yields, exact, as of the moment it is asked.

    Made by `Engine.segment`, by the sets of a campaign or blast, or of other segments:
    `a & b` both, `a | b` either, `a - b` the first but not the second, `a ^ b` one of the two.

    `len(s)`, `number in s`, `bool(s)` and iteration over numbers (`+` and digits, in order of
    contact id) each ask the engine anew. Mixing segments of two engines is a TypeError.
    Blocks on memory only, GIL released. Source: rust/engine/src/query.rs.
    """

    __slots__ = ("core", "expression")

    def __init__(self, core: "_core.Engine", expression: str) -> None:
        self.core: Final = core
        self.expression: Final = expression
        """The text the engine evaluates."""

    def _with(self, operator: str, other: "Segment") -> "Segment":
        if other.core is not self.core:
            message = "segments of two engines cannot be combined; ids mean different contacts"
            raise TypeError(message)
        return Segment(self.core, f"{_atom(self.expression)} {operator} {_atom(other.expression)}")

    def __and__(self, other: object) -> "Segment":
        return self._with("&", other) if isinstance(other, Segment) else NotImplemented

    def __or__(self, other: object) -> "Segment":
        return self._with("|", other) if isinstance(other, Segment) else NotImplemented

    def __sub__(self, other: object) -> "Segment":
        return self._with("-", other) if isinstance(other, Segment) else NotImplemented

    def __xor__(self, other: object) -> "Segment":
        return self._with("^", other) if isinstance(other, Segment) else NotImplemented

    def __len__(self) -> int:
        return self.core.count(self.expression)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __contains__(self, number: object) -> bool:
        return isinstance(number, str) and self.core.contains(self.expression, number)

    def __iter__(self) -> Iterator[str]:
        for page in self.pages():
            yield from page

    def __repr__(self) -> str:
        return f"Segment({self.expression!r})"

    def pages(self, *, include_suppressed: bool = True) -> Iterator[list[str]]:
        """Yields the numbers, at most `PAGE_COUNT` a page, in order of contact id.

        Each page is read at its own moment: contacts that join or leave between two pages are
        seen by the later ones only. Constant memory.

        Args:
            include_suppressed: False leaves out contacts that must not be sent to.
        """
        after = -1
        while True:
            text, after, _ = self.core.numbers(
                self.expression,
                after=after,
                count_max=PAGE_COUNT,
                unsuppressed=not include_suppressed,
            )
            if text:
                yield text.decode("ascii").splitlines()
            if after == -1:
                return

    def numbers(self) -> list[str]:
        """All numbers, `+` and digits, in order of contact id; suppressed ones too."""
        return [number for page in self.pages() for number in page]

    def ids(self) -> "array[int]":
        """Dense contact ids, ascending, as an array of unsigned 32-bit integers."""
        from array import array  # noqa: PLC0415 - needed by few callers

        ids = array("I")
        ids.frombytes(self.core.ids(self.expression))
        return ids

    def to_pyroaring(self) -> "pyroaring.BitMap":
        """Dense contact ids as a pyroaring bitmap; ids mean something in this engine only."""
        from pyroaring import BitMap  # noqa: PLC0415 - needed by few callers

        bitmap: BitMap = BitMap.deserialize(self.core.roaring(self.expression))
        return bitmap

    def export(self, path: str | os.PathLike[str], *, include_suppressed: bool = False) -> Exported:
        """Writes the numbers as CSV: a heading `contact`, then one number a line.

        Contacts that must not be sent to are left out unless asked for. The file appears whole
        under its name or not at all: it is written beside it and renamed, readable by its owner
        only. Constant memory.

        Numbers stand as quoted text with their plus (`"+999100000001"`): digits only, so no
        spreadsheet finds a formula to run in them; the worst it does is drop the plus.

        Raises:
            OSError: The file cannot be written; no part of it is left behind.
        """
        target = Path(path)
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        written = suppressed = 0
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "w", encoding="ascii", newline="") as file:  # noqa: PTH123
                rows = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
                rows.writerow(["contact"])
                after = -1
                while True:
                    text, after, left_out = self.core.numbers(
                        self.expression,
                        after=after,
                        count_max=PAGE_COUNT,
                        unsuppressed=not include_suppressed,
                    )
                    numbers = text.decode("ascii").splitlines()
                    rows.writerows([number] for number in numbers)
                    written += len(numbers)
                    suppressed += left_out
                    if after == -1:
                        break
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return Exported(target, written, suppressed)


def _atom(expression: str) -> str:
    """Puts parentheses around what an operator would otherwise tear apart."""
    return expression if set(expression) <= _ATOM else f"({expression})"


@final
class SetName:
    """A named set of a campaign or blast, read as an attribute; gives a `Segment`."""

    __slots__ = ("_name",)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, owner: "Sets", owner_type: type | None = None) -> Segment:
        return owner.set(self._name)


class Sets:
    """The sets that campaigns and blasts have in common.

    A blast's `sent` registers message ids; its set of that name is `blast.set("sent")`.
    """

    audience = SetName()
    queued = SetName()
    accepted = SetName()
    carrier = SetName()
    delivered = SetName()
    undelivered = SetName()
    failed = SetName()
    rejected = SetName()
    expired = SetName()
    filtered = SetName()
    read = SetName()
    unknown = SetName()
    pending = SetName()
    failed_final = SetName()
    replied = SetName()
    clicked = SetName()
    converted = SetName()
    qualified = SetName()
    flow_started = SetName()
    flow_completed = SetName()
    opted_out = SetName()
    opted_in = SetName()
    conflicted = SetName()

    def __init__(self, core: "_core.Engine", scope: str) -> None:
        self._core = core
        self._scope = scope

    def set(self, name: str, detail: str | None = None) -> Segment:
        """A set by its word, such as `"replied"`, narrowed by a detail, such as `"yes"`."""
        atom = f"{self._scope}.{name}"
        return Segment(self._core, atom if detail is None else f"{atom}:{detail}")

    def replied_with(self, label: str) -> Segment:
        """Contacts with a reply of this label: yes, no, stop, start, help, question, other."""
        return self.set("replied", label)

    def failed_for(self, cause: str) -> Segment:
        """Contacts whose text never arrived, by cause.

        One of invalid_number, filtered, opted_out, absent, expired, rate_limit, other.
        """
        return self.set("failed_final", cause)

    @property
    def non_responders(self) -> Segment:
        """Delivered, but neither replied nor clicked nor opted out."""
        return self.delivered - self.replied - self.clicked - self.opted_out


class CampaignSets(Sets):
    """The sets of a campaign, or of some of its blasts: unions, so distinct people."""

    sent = SetName()


SET_NAMES: Final = tuple(
    name
    for owner in (Sets, CampaignSets)
    for name, value in vars(owner).items()
    if isinstance(value, SetName)
)
"""Every set word that an expression may name after the dot."""

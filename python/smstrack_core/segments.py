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

from smstrack_core.drafts import whole_file
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
    # A minus at the end would be read as an operator.
    return name if set(name) <= _PLAIN and not name.endswith("-") else f'"{name}"'


_BINDING: Final = {"|": 0, "^": 1, "&": 2, "-": 3}
"""How tightly operators bind: as in Python."""

_SET_BINDING: Final = 4
"""As tight as it gets: one set, or parentheses."""


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

    __slots__ = ("_binding", "core", "expression")

    def __init__(self, core: "_core.Engine", expression: str, binding: int | None = None) -> None:
        self.core: Final = core
        self.expression: Final = expression
        """The text the engine evaluates."""
        self._binding = binding

    def _with(self, operator: str, other: "Segment") -> "Segment":
        if other.core is not self.core:
            message = "segments of two engines cannot be combined; ids mean different contacts"
            raise TypeError(message)
        binding = _BINDING[operator]
        # Operators bind to the left, so a chain of the same or tighter ones stays flat.
        left = self._written(binding)
        right = other._written(_SET_BINDING)  # noqa: SLF001 - of the same class
        return Segment(self.core, f"{left} {operator} {right}", binding)

    def _written(self, binding: int) -> str:
        """In parentheses if an operator that binds this tightly would tear it apart."""
        if self._binding is None:
            self._binding = _loosest(self.expression)
        return self.expression if self._binding >= binding else f"({self.expression})"

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
            OSError: The file cannot be written, and is named; no part of it is left behind.
        """
        target = Path(path)
        written = suppressed = 0
        with whole_file(target) as file:
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
        return Exported(target, written, suppressed)


def _loosest(expression: str) -> int:
    """How tightly the loosest operator outside of parentheses, quotes and tags binds."""
    if set(expression) <= _ATOM:
        return _SET_BINDING
    loosest, depth = _SET_BINDING, 0
    for char in "".join(expression.split('"')[::2]):
        if char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif depth == 0 and char in _BINDING:
            # A minus may be part of a name: then the parentheses are needless, not wrong.
            loosest = min(loosest, _BINDING[char])
    return loosest


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
    flow_dropped = SetName()
    opted_out = SetName()
    opted_in = SetName()
    conflicted = SetName()
    non_responders = SetName()

    def __init__(self, core: "_core.Engine", scope: str) -> None:
        self._core = core
        self._scope = scope

    def set(self, name: str, detail: str | None = None) -> Segment:
        """A set by its word, such as `"replied"`, narrowed by a detail, such as `"yes"`."""
        atom = f"{self._scope}.{name}"
        return Segment(self._core, atom if detail is None else f"{atom}:{detail}")

    def replied_with(self, label: str) -> Segment:
        """Contacts with a reply of this label: yes, no, stop, question, spanish, ...

        All of them: docs/replies.md.
        """
        return self.set("replied", label)

    def failed_for(self, cause: str) -> Segment:
        """Contacts whose text never arrived, by cause.

        One of invalid_number, filtered, opted_out, absent, expired, rate_limit, other.
        """
        return self.set("failed_final", cause)


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

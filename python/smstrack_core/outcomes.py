"""What became of registrations and batches, as the engine's surface tells it. Decides nothing."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from array import array

Reject = tuple[int, str]
"""A refused row: its number from 0, and the stable code of the reason."""


@final
@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration did."""

    added: int
    """Rows that changed something; a repeat adds nothing."""
    rejects: list[Reject]
    """Refused rows; the others were kept."""


@final
@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a batch of requests. Everything counted as accepted is on disk."""

    accepted: int
    """Events kept."""
    rejected: int
    """Rows and whole bodies refused; kept as dead letters."""
    rejects: list[tuple[int, int, int, str]] = field(repr=False)
    """(request, row, byte, code); row is -1 where the whole body could not be read."""
    bodies: "array[int]" = field(repr=False)
    """Events taken from each request, in order; sums to `accepted`."""

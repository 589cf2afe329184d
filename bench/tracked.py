"""The smstrack side of bench/http.py: a directory set up before, and checked afterwards.

Apart from the server's own process this is the only place there that needs smstrack_core.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyroaring import BitMap

from bench import common, shapes

if TYPE_CHECKING:
    from smstrack_core._core import Engine

CAMPAIGN: Final = "bench"
BLAST: Final = "b1"
TARGET: Final = "/hooks/twilio"


def set_up(directory: Path, contacts: int, messages: int) -> None:
    """Registers one blast: its audience and the message ids that receipts will name."""
    import smstrack_core as sms  # noqa: PLC0415 - rivals run without it

    with sms.open(directory) as engine:
        numbers = (f"+{shapes.number_of(contact)}" for contact in range(contacts))
        blast = engine.campaign(CAMPAIGN).blast(BLAST, sender=f"+{shapes.SENDER}", audience=numbers)
        blast.sent(_messages(contacts, messages), provider="twilio")


def _messages(contacts: int, messages: int) -> Iterator[tuple[str, str]]:
    for index in range(messages):
        contact = shapes.contact_of(index, contacts)
        yield f"+{shapes.number_of(contact)}", f"SM{shapes.id_of(index)}"


def check(
    name: str, directory: Path, contacts: int, acked: list[tuple[int, int]], checks: common.Checks
) -> None:
    """Every contact whose receipt was answered 2xx is in its set, and no other."""
    import smstrack_core as sms  # noqa: PLC0415 - rivals run without it

    indexes = (index for first, last in acked for index in range(first, last + 1))
    expected = shapes.expected(indexes, contacts)
    with sms.open(directory) as engine:
        for word, contacts_expected in (
            ("delivered", expected.delivered),
            ("failed_final", expected.failed),
        ):
            found = contacts_in(engine.core, f'"{CAMPAIGN}"/"{BLAST}".{word}')
            checks.equal(f"{name} {word}", len(found), len(contacts_expected))
            checks.equal(f"{name} {word} same contacts", found == contacts_expected, expected=True)


def contacts_in(core: "Engine", expression: str) -> BitMap:
    """A segment's contacts, by the generator's numbers for them."""
    found = BitMap()
    after = -1
    while True:
        page, after, _ = core.numbers(expression, after=after)
        found.update(int(line) - shapes.CONTACT_FIRST for line in page.split())
        if after == -1:
            return found

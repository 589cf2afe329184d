"""One seed -> the blasts to register, the callbacks in the order they come, and the ledger.

Disorder is made as the world makes it: every callback has a time at which it was caused and a
delay of its own; the stream is sorted by the sum.
"""

import hashlib
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Final, final

from smstrack_core.twin import lives
from smstrack_core.twin.ledger import FAILURES, Ledger
from smstrack_core.twin.wires import (
    FORM,
    JSON,
    KANNEL_TEMPLATE,
    RECEIPT,
    REPLY,
    Callback,
    canonical,
)

__all__ = ["CAMPAIGN", "KANNEL_TEMPLATE", "BlastPlan", "Traffic", "generate"]

CAMPAIGN: Final = "spring"
DEFAULT_START_MS: Final = 1_796_090_400_000
"""2026-12-01 02:00 UTC: when the blasts go out unless told otherwise."""
DUPLICATED: Final = 0.05
EARLY: Final = 0.03
"""Share of messages whose id is registered only after their receipts came."""
UNSENT: Final = 0.005
"""Share of the audience that nothing was sent to."""
SPREAD_MS: Final = 3_000_000
"""The blast goes out, and its receipts come, over 50 minutes."""
CANONICAL_PER_BODY: Final = 20

_FIRST_NUMBER: Final = 999_100_000_000
_STRANGER: Final = 999_900_000_000
_SENDERS: Final = ("+999000000011", "+999000000022", "+999000000033")
_OUTCOME_SHARES: Final = {
    provider: tuple(accumulate(outcome.weight / 100 for outcome in outcomes))
    for provider, outcomes in lives.OUTCOMES.items()
}
_ANSWER_SHARES: Final = tuple(accumulate(share for share, _ in lives.ANSWERS))


@final
@dataclass(slots=True)
class BlastPlan:
    """A blast to register before its callbacks are sent."""

    name: str
    sender: str
    variant: str
    at_ms: int
    audience: list[str] = field(default_factory=list, repr=False)
    sent: dict[str, list[tuple[str, str]]] = field(default_factory=dict, repr=False)
    """By provider: number and message id, without those that are registered late."""


@final
@dataclass(slots=True)
class Traffic:
    """A campaign's whole traffic. `callbacks` are in the order they are to be sent."""

    seed: int
    start_ms: int
    blasts: list[BlastPlan]
    suppressed_by_hand: list[str] = field(repr=False)
    callbacks: list[Callback] = field(repr=False)
    ledger: Ledger = field(repr=False)

    def digest(self) -> str:
        """SHA-256 of every byte of the stream, in order: equal streams have equal digests."""
        total = hashlib.sha256()
        for callback in self.callbacks:
            total.update(
                f"{callback.method} {callback.target} {callback.content_type}\n".encode()
                + callback.body
                + b"\n"
            )
        return total.hexdigest()


def generate(seed: int, contacts: int, start_ms: int = DEFAULT_START_MS) -> Traffic:
    """Makes the traffic of one campaign: three blasts with a third of the contacts each.

    Args:
        seed: Any integer; one seed, size and start give one stream.
        contacts: Audience of the campaign, 1 to 100,000,000. About 3 callbacks each.
        start_ms: When the blasts go out, milliseconds since 1970-01-01 UTC.

    About 20 microseconds a contact; 2 kB of memory a contact.
    """
    blasts = [
        BlastPlan(f"b{number + 1}", sender, "ABA"[number], start_ms)
        for number, sender in enumerate(_SENDERS)
    ]
    maker = _Maker(Random(seed), start_ms)
    for index in range(contacts):
        # 387,420,489 = 3^18 has no factor in common with 10^8: no number comes twice.
        contact = _FIRST_NUMBER + (index * 387_420_489 + seed) % 100_000_000
        maker.contact(contact, blasts[index * 3 // contacts])
    maker.refused(max(4, contacts // 500))
    maker.strangers(max(2, contacts // 1_000))
    return Traffic(
        seed,
        start_ms,
        blasts,
        [f"+{contact}" for contact in sorted(maker.ledger.by_hand)],
        maker.stream(),
        maker.ledger,
    )


@final
class _Maker:
    """Draws every life in turn from one generator, noting facts as they are drawn."""

    def __init__(self, random: Random, start_ms: int) -> None:
        self._draw = random.random
        self._bits = random.getrandbits
        self._start_ms = start_ms
        self._timed: list[tuple[float, int, Callback]] = []
        self._events: list[tuple[float, dict[str, object]]] = []
        self.ledger: Final = Ledger()

    def _send(self, at_ms: float, callback: Callback) -> None:
        """Queues a callback with a delay of its own; one in twenty comes twice."""
        timed = self._timed
        timed.append((at_ms + 60_000 * self._draw(), len(timed), callback))
        if self._draw() < DUPLICATED:
            timed.append((at_ms + 600_000 * self._draw(), len(timed), callback))

    def _event(self, at_ms: float, **event: object) -> None:
        self._events.append((at_ms + 60_000 * self._draw(), event))

    def contact(self, contact: int, blast: BlastPlan) -> None:
        """One contact's message, what became of it, and what they answered."""
        draw, ledger = self._draw, self.ledger
        number = f"+{contact}"
        blast.audience.append(number)
        ledger.add(blast.name, "audience", contact)
        if draw() < UNSENT:
            return
        provider = lives.PROVIDERS[min(bisect(lives.PROVIDER_SHARES, draw()), 3)]
        wire_id = self._wire_id(provider)
        at_ms = self._start_ms + int(SPREAD_MS * draw())
        ledger.add(blast.name, "sent", contact)
        if draw() < EARLY:
            self._event(at_ms + 1_200_000, kind="sent", provider=provider, message_id=wire_id,
                        contact=number, campaign=CAMPAIGN, blast=blast.name)  # fmt: skip
        else:
            blast.sent.setdefault(provider, []).append((number, wire_id))
        if self._receipts(contact, blast, provider, wire_id, at_ms):
            self._answers(contact, blast, provider, at_ms)
            self._outcomes(contact, blast, at_ms)
            if draw() < 0.001:
                ledger.by_hand.add(contact)

    def _wire_id(self, provider: str) -> str:
        digits = f"{self._bits(128):032x}"
        if provider == "twilio":
            return f"SM{digits}"
        if provider == "vonage-sms":
            return f"0A{digits[:14].upper()}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def _receipts(
        self, contact: int, blast: BlastPlan, provider: str, wire_id: str, at_ms: int
    ) -> bool:
        """All receipts of one message; whether it was delivered."""
        draw, name, write = self._draw, blast.name, RECEIPT[provider]
        for word, state, share in lives.INTERIM[provider]:
            if draw() < share:
                self.ledger.add(name, state, contact)
                self._send(at_ms, write(contact, blast.sender, wire_id, word, "", at_ms))
        outcomes = lives.OUTCOMES[provider]
        found = outcomes[min(bisect(_OUTCOME_SHARES[provider], draw()), len(outcomes) - 1)]
        _, state, word, code, cause = found
        if state == "pending":
            return False
        done_ms = at_ms + 5_000 + int(90_000 * draw())
        self._send(done_ms, write(contact, blast.sender, wire_id, word, code, done_ms))
        self.ledger.add(name, state, contact)
        if cause:
            self.ledger.add(name, f"cause:{cause}", contact)
        if state in FAILURES and draw() < 0.05:
            # A failure, and a delivery after all: delivered wins, whichever comes first.
            late_ms = done_ms + 240_000
            word = "1" if provider == "kannel" else "delivered"
            self._send(late_ms, write(contact, blast.sender, wire_id, word, "", late_ms))
            self.ledger.add(name, "delivered", contact)
            return True
        if state == "delivered" and provider == "twilio" and draw() < 0.01:
            self._send(done_ms, write(contact, blast.sender, wire_id, "read", "", done_ms))
            self.ledger.add(name, "read", contact)
        return state == "delivered"

    def _answers(self, contact: int, blast: BlastPlan, provider: str, at_ms: int) -> None:
        draw, ledger, name = self._draw, self.ledger, blast.name
        chosen = bisect(_ANSWER_SHARES, draw())
        if chosen == len(lives.ANSWERS):
            return
        labels = lives.ANSWERS[chosen][1]
        if len(labels) > 1 and provider not in lives.ZONED:
            labels = labels[:1]
        ledger.add(name, "replied", contact)
        for label in labels:
            at_ms += 200_000 + int(200_000 * draw())
            texts = lives.TEXTS[label]
            text = texts[int(draw() * len(texts))]
            wire_id = self._wire_id(provider)
            self._send(at_ms, REPLY[provider](contact, blast.sender, wire_id, text, at_ms))
            ledger.reply_messages += 1
            ledger.add(name, f"replied:{label}", contact)
            if label in ("stop", "start"):
                ledger.add(name, "opted_out" if label == "stop" else "opted_in", contact)
                ledger.consent.setdefault(contact, []).append((at_ms, label))

    def _outcomes(self, contact: int, blast: BlastPlan, at_ms: int) -> None:
        """Clicks, conversions and leads, as another system would report them."""
        draw, ledger, name = self._draw, self.ledger, blast.name
        if draw() >= 0.04:
            return
        common = {"contact": f"+{contact}", "campaign": CAMPAIGN, "blast": name}
        ledger.add(name, "clicked", contact)
        for _ in range(1 + int(draw() * 3)):
            ledger.clicks += 1
            self._event(at_ms + 300_000, kind="click", event_id=f"c{self._bits(64):016x}",
                        name="offer", **common)  # fmt: skip
        if draw() < 0.25:
            value = 5_000_000 + self._bits(12) * 10_000
            ledger.add(name, "converted", contact)
            ledger.conversions += 1
            ledger.revenue_micros += value
            self._event(at_ms + 600_000, kind="conversion", event_id=f"v{self._bits(64):016x}",
                        name="order", value_micros=value, currency="USD", **common)  # fmt: skip
        if draw() < 0.2:
            ledger.add(name, "qualified", contact)
            self._event(at_ms + 700_000, kind="lead", event_id=f"l{self._bits(64):016x}", **common)

    def refused(self, count: int) -> None:
        """Input that must be answered 4xx, four kinds in turn."""
        for index in range(count):
            at_ms = self._start_ms + int(SPREAD_MS * self._draw())
            mark = f"{self._bits(64):016x}"
            kind = index % 4
            if kind == 0:
                body = b'{"data":{"event_type":"message.finalized","id":"%s","payl' % mark.encode()
                callback = Callback("telnyx", "POST", "/hooks/telnyx", JSON, body, 400)
            elif kind == 1:
                body = f"MessageSid=SM{mark}&MessageStatus=deli%ZZered".encode()
                callback = Callback("twilio", "POST", "/hooks/twilio", FORM, body, 400)
            elif kind == 2:
                callback = Callback("", "POST", f"/hooks/pigeon-{mark}", FORM, b"a=1", 404)
            else:
                callback = Callback("telnyx", "POST", "/hooks/telnyx", JSON, b"", 400)
            if callback.provider:
                self.ledger.dead.add((callback.provider, callback.body))
            self._send(at_ms, callback)

    def strangers(self, count: int) -> None:
        """Receipts of messages that nobody registered, to contacts that nobody knows."""
        for index in range(count):
            at_ms = self._start_ms + int(SPREAD_MS * self._draw())
            wire_id = self._wire_id("twilio")
            write = RECEIPT["twilio"]
            callback = write(_STRANGER + index, "+999000000099", wire_id, "delivered", "", at_ms)
            self._send(at_ms, callback)
            self.ledger.strangers += 1

    def _bodies(self) -> Iterator[tuple[float, Callback]]:
        """Canonical events, some to a body, in order of their times."""
        self._events.sort(key=lambda timed: timed[0])
        for first in range(0, len(self._events), CANONICAL_PER_BODY):
            some = self._events[first : first + CANONICAL_PER_BODY]
            yield some[-1][0], canonical([event for _, event in some])

    def stream(self) -> list[Callback]:
        """Everything, in the order it is to be sent."""
        for at_ms, callback in self._bodies():
            self._send(at_ms, callback)
        self._timed.sort(key=lambda timed: timed[:2])
        return [callback for _, _, callback in self._timed]

"""What can become of a message, and what people answer: weights, wire words, and their meaning.

Left out on purpose: codes that say "the recipient had opted out", until suppression by error
code is built; the ledger would have to guess.
"""

from itertools import accumulate
from typing import Final, NamedTuple, final


@final
class Outcome(NamedTuple):
    """How a message ends."""

    weight: float
    state: str
    """Set word of the end; `pending` if it never comes."""
    word: str = ""
    """The provider's word for it."""
    code: str = ""
    cause: str = ""
    """Class of the code; empty where the wire has no code."""


INTERIM: Final = {
    "twilio": (("queued", "queued", 0.3), ("sent", "carrier", 0.9)),
    "telnyx": (("sent", "carrier", 0.9),),
    "vonage-sms": (("buffered", "accepted", 0.5),),
    "kannel": (("8", "carrier", 0.8), ("4", "accepted", 0.3)),
}
"""By provider: word, set word and share of the receipts before the last one."""

OUTCOMES: Final = {
    "twilio": (
        Outcome(86, "delivered", "delivered"),
        Outcome(3.0, "undelivered", "undelivered", "30003", "absent"),
        Outcome(1.0, "undelivered", "undelivered", "30007", "filtered"),
        Outcome(1.0, "undelivered", "undelivered", "30008", "other"),
        Outcome(1.5, "failed", "failed", "21211", "invalid_number"),
        Outcome(0.5, "failed", "failed", "63018", "rate_limit"),
        Outcome(1.0, "unknown", "teleported"),
        Outcome(6.0, "pending"),
    ),
    "telnyx": (
        Outcome(87, "delivered", "delivered"),
        Outcome(2.0, "undelivered", "delivery_failed", "40001", "invalid_number"),
        Outcome(2.0, "undelivered", "delivery_failed", "40006", "absent"),
        Outcome(1.0, "undelivered", "delivery_failed", "40002", "filtered"),
        Outcome(0.5, "undelivered", "delivery_failed", "40005", "expired"),
        Outcome(1.0, "failed", "sending_failed", "40012", "invalid_number"),
        Outcome(0.5, "failed", "sending_failed", "40011", "rate_limit"),
        Outcome(6.0, "pending"),
    ),
    "vonage-sms": (
        Outcome(86, "delivered", "delivered"),
        Outcome(2.0, "failed", "failed", "2", "absent"),
        Outcome(2.0, "failed", "failed", "3", "invalid_number"),
        Outcome(1.0, "rejected", "rejected", "6", "filtered"),
        Outcome(2.0, "expired", "expired", "8", "expired"),
        Outcome(1.0, "unknown", "unknown"),
        Outcome(6.0, "pending"),
    ),
    "kannel": (
        Outcome(86, "delivered", "1"),
        Outcome(5.0, "undelivered", "2"),
        Outcome(2.0, "rejected", "16"),
        Outcome(7.0, "pending"),
    ),
}

ANSWERS: Final[tuple[tuple[float, tuple[str, ...]], ...]] = (
    (0.050, ("yes",)),
    (0.010, ("no",)),
    (0.020, ("question",)),
    (0.020, ("other",)),
    (0.003, ("help",)),
    (0.004, ("yes", "question")),
    (0.012, ("stop",)),
    (0.002, ("yes", "stop")),
    (0.002, ("stop", "yes")),
    (0.002, ("stop", "start")),
    (0.001, ("start", "stop")),
    (0.002, ("start",)),
)
"""Share of those reached that answer so, in this order; the rest stay silent."""

TEXTS: Final = {
    "yes": ("YES", "yes!", "Y", "Sí", "Yes please", " yep "),
    "no": ("NO", "no thanks", "Nope."),
    "question": ("What time do you open?", "how much is it ?", "¿A qué hora abren?", "Who?"),
    "other": ("Running late", "🙂", "see you on Friday & Saturday", "100% wool", "schöne Grüße"),
    "help": ("HELP", "info"),
    "stop": ("STOP", "stop", "Stop.", "UNSUBSCRIBE", "STOP please", "Baja", "ＳＴＯＰ", "s t o p",
             "STOP\nSent from my phone", "Cancel", "arrêt"),
    "start": ("START", "unstop", "Start!"),
}  # fmt: skip
"""What people write, by the one label it must get."""

PROVIDERS: Final = ("twilio", "telnyx", "vonage-sms", "kannel")
PROVIDER_SHARES: Final = tuple(accumulate((0.40, 0.25, 0.20, 0.15)))
ZONED: Final = frozenset({"telnyx", "vonage-sms", "kannel"})
"""Providers whose replies carry a time with its zone. Where the order of two replies decides
(STOP, then START), only these give an answer that does not hang on the order of arrival."""

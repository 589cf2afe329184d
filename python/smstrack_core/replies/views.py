"""Other ways to look at labels, for people who want fewer of them."""

from typing import Final

from smstrack_core.replies.judge import Labelled

SELLER: Final = ("STOP", "YES", "question", "Spanish", "other")
"""The five kinds of replies that sellers speak of, the strongest first."""


def seller_view(found: Labelled) -> tuple[str, ...]:
    """Which of `SELLER` a reply is: `STOP` alone if it opts out, else one or more of the others."""
    if "opt_out" in found.labels:
        return ("STOP",)
    kinds = [
        kind
        for kind, holds in (
            ("YES", "affirmative" in found.labels),
            ("question", "question" in found.labels),
            ("Spanish", found.lang == "es"),
        )
        if holds
    ]
    return tuple(kinds) or ("other",)

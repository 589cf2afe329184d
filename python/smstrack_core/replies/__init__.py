"""What a reply says: cut, folded, looked up, matched by rules, labelled. See docs/replies.md.

Knows nothing of engines or HTTP. The keyword table is the legal floor: an exact keyword is never
missed, whatever the rules do.

`judge` and a `Labeller` block on rules being loaded, at their first use only: some 50 ms, or some
seconds where no cache has them.
"""

from smstrack_core.replies.judge import Labelled
from smstrack_core.replies.label import (
    Labeller,
    judge,
    label,
    label_batch,
    labeller,
    standard,
    use,
    words,
)
from smstrack_core.replies.rules import GRADES, LABELS
from smstrack_core.replies.views import seller_view

__all__ = [
    "GRADES",
    "LABELS",
    "Labelled",
    "Labeller",
    "judge",
    "label",
    "label_batch",
    "labeller",
    "seller_view",
    "standard",
    "use",
    "words",
]

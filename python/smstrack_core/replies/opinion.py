"""The second opinion: a model that has read many replies hears the wordings that no rule has.

Loads the model once and scores one reply. When it is asked, and what its score causes, `judge`
decides; how it is made, `training/` says.
"""

from functools import cache
from pathlib import Path
from typing import Final

from smstrack_core._core import Classifier
from smstrack_core.replies.envelope import cut
from smstrack_core.replies.matcher import haystack
from smstrack_core.replies.optout import edges
from smstrack_core.replies.unmask import without_markup

MODEL: Final = Path(__file__).with_name("model.bin")


@cache
def classifier() -> Classifier:
    """The model of this build. Raises ValueError: its file is damaged; OSError: it is missing."""
    return Classifier(MODEL.read_bytes())


def read_as(text: str) -> bytes:
    """A whole reply in the form that the model reads: what its sender wrote, folded."""
    return haystack(without_markup(cut(edges(text), ()).body))

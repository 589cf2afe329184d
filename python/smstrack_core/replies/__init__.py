"""What a reply says: folded text -> keyword table -> labels. Knows nothing of engines or HTTP.

Keywords only, for now. The table is the legal floor: an exact keyword is never missed, whatever
rules are added behind it later.
"""

from smstrack_core.replies.label import label, label_batch, words

__all__ = ["label", "label_batch", "words"]

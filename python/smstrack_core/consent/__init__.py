"""Consent and what people answered: the ledger, reviews, surveys, coupons, kept replies.

Facts and sets are the engine's; here are policy, words for people, and the reading of texts.
"""

from smstrack_core.consent.book import ConsentBook, Explanation
from smstrack_core.consent.judging import judge_batch, judge_slices
from smstrack_core.consent.relabel import Relabelled, relabel
from smstrack_core.consent.responses import CampaignReplies, Replies, SurveyResult

__all__ = [
    "CampaignReplies",
    "ConsentBook",
    "Explanation",
    "Relabelled",
    "Replies",
    "SurveyResult",
    "judge_batch",
    "judge_slices",
    "relabel",
]

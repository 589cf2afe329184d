"""The second opinion on replies: what it may decide, and what it never does."""

from pathlib import Path

import pytest

import smstrack_core as sms
from smstrack_core._core import Classifier
from smstrack_core.replies import opinion
from smstrack_core.replies.judge import Judge
from smstrack_core.replies.label import labeller
from smstrack_core.replies.matcher import Matcher
from smstrack_core.replies.rules import load

RULES = """
[[rule]]
id = "own-list"
label = "opt_out"
language = "en"
pattern = "see you"
match = ["see you then"]
"""


@pytest.fixture(scope="module")
def alone() -> Judge:
    """The model without a single rule beside it."""
    return Judge([], None, opinion.classifier())


@pytest.mark.parametrize(
    "text",
    [
        "I would be so grateful not to hear from your store ever again",
        "kindly forget that you ever had my number",
        "que no me vuelvan a mandar nada, gracias",
        "bitte verschont mich mit diesen nachrichten",
    ],
)
def test_wordings_that_no_rule_has_are_likely_opt_outs(alone: Judge, text: str) -> None:
    found = alone.judge(text)
    assert (found.labels, found.grade) == (("opt_out",), "likely")
    assert found.rules == ("model:opt_out",)


@pytest.mark.parametrize(
    "text",
    [
        "see you on friday",
        "is the blue one back in stock?",
        "gracias, nos vemos",
        "ok",
        "",
        "\ud800",
    ],
)
def test_ordinary_replies_stay_what_they_are(alone: Judge, text: str) -> None:
    assert "opt_out" not in alone.judge(text).labels


def test_it_never_overrules_a_keyword_or_a_rule_of_ones_own(tmp_path: Path) -> None:
    never = Classifier(Classifier.file([0] * 256, 1.0, -50.0))
    file = tmp_path / "own.toml"
    file.write_text(RULES)
    judge = Judge([Matcher([]), Matcher(load([file]).rules)], None, never)
    assert judge.judge("STOP").grade == "certain"
    assert judge.judge("stop, please. thanks for everything").labels[0] == "opt_out"
    assert judge.judge("see you then").labels == ("opt_out",)


def test_a_built_in_rule_can_be_doubted(tmp_path: Path) -> None:
    never = Classifier(Classifier.file([0] * 256, 1.0, -50.0))
    file = tmp_path / "own.toml"
    file.write_text(RULES)
    found = Judge([Matcher(load([file]).rules)], None, never).judge("see you then")
    assert (found.labels, found.rules) == (("other",), ("model:doubts",))


@pytest.mark.parametrize("change", ["cut", "flip", "empty"])
def test_a_damaged_model_judges_nothing(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bytearray(opinion.MODEL.read_bytes())
    file[len(file) // 2] ^= change == "flip"
    kept = {"cut": bytes(file[:-1]), "flip": bytes(file), "empty": b""}[change]
    damaged = tmp_path / "model.bin"
    damaged.write_bytes(kept)
    monkeypatch.setattr(opinion, "MODEL", damaged)
    opinion.classifier.cache_clear()
    try:
        with pytest.raises(sms.InputError, match="model of replies") as refused:
            labeller()
        assert refused.value.code == "self_test_failed"
    finally:
        opinion.classifier.cache_clear()

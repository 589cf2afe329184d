"""What both engines agreed on is remembered, and never hides that one of them has changed."""

from pathlib import Path

import pytest

import smstrack_core as sms
from smstrack_core.replies.label import labeller
from smstrack_core.replies.matcher import Matcher
from smstrack_core.replies.rules import Rule, load
from smstrack_core.replies.selftest import SelfTest

RULES = """
[[rule]]
id = "own-pizza"
label = "opt_out"
language = "en"
pattern = "no more pizza"
match = ["no more pizza please"]
not = ["more pizza"]
"""


@pytest.fixture
def rules(tmp_path: Path) -> tuple[Rule, ...]:
    file = tmp_path / "own.toml"
    file.write_text(RULES)
    return load([file]).rules


def lose_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_self: Matcher, _text: bytes) -> list[int]:
        return []

    monkeypatch.setattr(Matcher, "scan", nothing)


def test_agreement_is_kept_and_the_second_engine_not_asked_again(
    rules: tuple[Rule, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SelfTest(Matcher(rules, tmp_path / "cache")).findings_once() == []
    monkeypatch.setattr(SelfTest, "findings", lambda *_: pytest.fail("asked again"))
    assert SelfTest(Matcher(rules, tmp_path / "cache")).findings_once() == []


@pytest.mark.parametrize("agreed_before", [True, False])
def test_lost_matches_are_found_whatever_was_agreed_before(
    rules: tuple[Rule, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    agreed_before: bool,
) -> None:
    cache = tmp_path / "cache"
    if agreed_before:
        assert SelfTest(Matcher(rules, cache)).findings_once() == []
    lose_matches(monkeypatch)
    for _ in range(2):  # what is found is not taken for agreement either
        assert SelfTest(Matcher(rules, cache)).findings_once()


def test_nothing_is_served_by_an_engine_that_loses_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    labeller()
    lose_matches(monkeypatch)
    with pytest.raises(sms.InputError, match="Replies are not judged") as refused:
        labeller()
    assert refused.value.code == "self_test_failed"

"""Every rule's own examples through Hyperscan and RE2: what must match does, and both agree.

Run at every start. Hyperscan builds have lost matches in silence before, so a difference between
the two engines means that replies must not be judged by this build. What both agreed on is kept
beside the compiled rules: as long as Hyperscan answers the same, RE2 is not asked again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import final

import re2  # type: ignore[import-untyped]  # it comes without stubs

from smstrack_core.replies.matcher import Matcher, haystack
from smstrack_core.replies.rules import Rule


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """One example that did not behave."""

    rule: Rule
    example: str
    what: str


class SelfTest:
    """Examples of rules, and both engines' answers to them."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher

    @cached_property
    def _second(self) -> "re2.Set":
        """The other engine, whose compiling takes a second: made only if it is asked."""
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = 512 << 20
        options.log_errors = False
        second = re2.Set.SearchSet(options)
        for _, regex in self._matcher.regexes:
            second.Add(regex.encode())
        if self._matcher.regexes:
            second.Compile()
        return second

    def findings_once(self) -> list[Finding]:
        """`findings`, unless both engines agreed before and Hyperscan answers as it did then."""
        answers = f"{version('google-re2')} {self._first_answers()}"
        if self._matcher.agreed() == answers:
            return []
        found = self.findings()
        if not found:
            self._matcher.agree(answers)
        return found

    def _first_answers(self) -> str:
        """Hash of the examples, and of what Hyperscan says to each."""
        told = hashlib.sha256()
        for rule in self._matcher.rules:
            for example in (*rule.match, "", *rule.no_match):
                data = haystack(example)
                numbers = sorted(set(self._matcher.scan(data)))
                told.update(b"%d\0%b%r" % (len(data), data, numbers))
        return told.hexdigest()

    def findings(self, also: Sequence[str] = ()) -> list[Finding]:
        """What is wrong; empty when all is well. `also`: more texts on which both must agree."""
        found: list[Finding] = []
        for at, rule in enumerate(self._matcher.rules):
            for example in rule.match:
                found += self._judge(at, rule, example, is_match=True)
            for example in rule.no_match:
                found += self._judge(at, rule, example, is_match=False)
        for text in also:
            first, second = self._answers(text)
            if first != second:
                found.append(self._difference(first, second, text))
        return found

    def _judge(self, at: int, rule: Rule, example: str, *, is_match: bool) -> list[Finding]:
        first, second = self._answers(example)
        if first != second:
            return [self._difference(first, second, example)]
        hits = at in first
        if is_match and not hits:
            return [Finding(rule, example, "must match and does not")]
        if hits and not is_match and not self._is_vetoed(rule, first):
            return [Finding(rule, example, "must not match and does")]
        return []

    def _is_vetoed(self, rule: Rule, numbers: set[int]) -> bool:
        rules = self._matcher.rules
        return any(names(rules[number], rule) for number in numbers)

    def _answers(self, text: str) -> tuple[set[int], set[int]]:
        data = haystack(text)
        numbers = self._matcher.regexes
        second = {numbers[at][0] for at in self._second.Match(data) or ()} if numbers else set()
        return set(self._matcher.scan(data)), second

    def _difference(self, first: set[int], second: set[int], text: str) -> Finding:
        rule = self._matcher.rules[min(first ^ second)]
        lost = "Hyperscan" if second - first else "RE2"
        return Finding(rule, text, f"the two engines differ: {lost} does not find it")


def names(veto: Rule, rule: Rule) -> bool:
    """Whether the veto names the rule."""
    return any(
        rule.id == named or (named.endswith("*") and rule.id.startswith(named[:-1]))
        for named in veto.removes
    )

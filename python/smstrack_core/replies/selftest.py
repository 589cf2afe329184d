"""Every rule's own examples through Hyperscan and RE2: what must match does, and both agree.

Run at every start. Hyperscan builds have lost matches in silence before, so a difference between
the two engines means that replies must not be judged by this build.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = 512 << 20
        options.log_errors = False
        self._second = re2.Set.SearchSet(options)
        for _, regex in matcher.regexes:
            self._second.Add(regex.encode())
        if matcher.regexes:
            self._second.Compile()

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

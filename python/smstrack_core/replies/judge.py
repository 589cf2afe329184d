"""One reply -> labels, grade, language, rule ids: the order of the steps, and who outranks whom.

Cut the envelope, look the whole text up, scan for rules, let vetoes remove what they name, add the
keyword floor, decide. Knows nothing of the engine's bits, of HTTP, or of what an opt-out causes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, final

from smstrack_core._core import Classifier
from smstrack_core.replies import keywords, optout
from smstrack_core.replies.budget import Budget
from smstrack_core.replies.disguise import word_set
from smstrack_core.replies.envelope import cut
from smstrack_core.replies.fold import fold
from smstrack_core.replies.language import UNKNOWN
from smstrack_core.replies.limits import (
    JUDGED_CHARS_MAX,
    PIECES_MAX,
    REMEMBERED_CHARS_MAX,
    REMEMBERED_MAX,
)
from smstrack_core.replies.matcher import Matcher
from smstrack_core.replies.rules import LABELS, Rule
from smstrack_core.replies.selftest import names
from smstrack_core.replies.spelling import ALONE, PARTED
from smstrack_core.replies.tokens import ENDS, MARKS, STARTS, language_of, read
from smstrack_core.replies.unmask import without_markup

_PART: Final = MARKS | word_set(
    "but and then pero y mais et aber und mas ma maar men och og ale но а aur और ve oraz и"
)
"""Where a text is cut to see what a veto does not reach."""
_ORDER: Final = {label: at for at, label in enumerate(LABELS)}


@final
@dataclass(frozen=True, slots=True)
class Labelled:
    """What one reply says."""

    labels: tuple[str, ...]
    """Of `LABELS`, at least one; `opt_out` first and never beside `opt_in`."""
    grade: str
    """How sure an opt-out is: `certain`, `likely` (a person should look), `no` opt-out."""
    lang: str
    """Two-letter code or `und`; beside the labels, never deciding one."""
    rules: tuple[str, ...]
    """Ids of what said so, in order: rules, `keyword:...`, `cut:...`, `veto:...`."""


HEARD: Final = 0.8
"""Score from which the model alone makes an opt-out, a likely one."""
HEARD_OF_A_STRANGER: Final = 0.97
"""The same beside a wrong number, which most say without asking for anything."""
HEARD_AGAINST_A_VETO: Final = 0.9
"""The same where a veto found another meaning of a word."""
DOUBTED: Final = 0.12
"""Score below which a rule's opt-out is none: the model has read such texts that meant another."""
OPINION_WORDS_MIN: Final = 3
"""Words below which the model is not asked: what is so short is a keyword, or is not."""
OPT_IN_DOUBTED: Final = 0.6
"""Score from which no sentence opts anybody in: the model hears that it may mean the opposite."""
_PLAIN: Final = frozenset({"auto_reply", "help"})
"""Labels of rules beside which the model is not asked: they say what the reply is."""

_AROUND: Final = ".,;:!?'\"()*#-"
_SLIP_WORDS_MAX: Final = 11
_SLIP_PIECES_MAX: Final = 3
"""A keyword with blanks inside has hardly more pieces."""
_SLIP_SAID_MAX: Final = 5
"""Longer replies say more than a keyword and courtesy: five words, and marks between them."""
NOT_JUDGED: Final = Labelled(("other",), "no", "und", ("not-judged",))
"""A reply that the rules choked on, and that has no keyword."""

_WHOLE: Final[dict[str, str]] = {
    **dict.fromkeys(keywords.NO, "negative"),
    **dict.fromkeys(keywords.YES, "affirmative"),
    **dict.fromkeys(keywords.HELP, "help"),
    **dict.fromkeys(keywords.START, "opt_in"),
    **dict.fromkeys(keywords.STOP_ALONE | keywords.STOP_LINE, "opt_out"),
}
_HEADS: Final = frozenset(word.split(" ")[0] for word in _WHOLE)
_COURTESY: Final = (keywords.FILLERS | keywords.BEFORE_STOP) - {"start", "help"}


class Judge:
    """Judges replies by one or more sets of rules. Not for use by two threads at a time."""

    def __init__(
        self,
        matchers: Sequence[Matcher],
        words: dict[str, tuple[str, str]] | None = None,
        opinion: Classifier | None = None,
    ) -> None:
        self._matchers = tuple(matchers)
        self._opinion = opinion
        self._own = frozenset(rule.id for matcher in self._matchers[1:] for rule in matcher.rules)
        own = words or {}
        self._whole = {**{word: label for word, (label, _) in own.items()}, **_WHOLE}
        self._heads = _HEADS | {word.split(" ")[0] for word in own}
        self._words_max = max(word.count(" ") + 1 for word in self._whole)
        self._languages = {
            **{word: tongue for word, (_, tongue) in own.items()},
            **keywords.LANGUAGES,
        }
        self._remembered: dict[str, Labelled] = {}
        self._budget = Budget()

    def judge(self, text: str, sent: Iterable[str] = ()) -> Labelled:
        """What a reply says.

        Args:
            text: The reply, of any length; the edges of a long one are looked at.
            sent: Recent texts of ours that it may repeat; they say nothing about its sender.

        Bounded in time by the text looked at. Raises TooSlow if the rules took longer than
        `JUDGE_CPU_S`, and nothing else for any str.
        """
        if sent or len(text) > REMEMBERED_CHARS_MAX:
            return self._judged(text, sent)
        known = self._remembered.get(text)
        if known is None:
            known = self._judged(text, ())
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered[text] = known
        return known

    def floor(self, text: str) -> Labelled | None:
        """What the keywords alone say: no rules, no engine."""
        whole = fold(text)
        if self._whole.get(whole) == "opt_out" or optout.found_stop(text):
            return Labelled(("opt_out",), "certain", "und", ("keyword",))
        return None

    def _judged(self, text: str, sent: Iterable[str]) -> Labelled:
        self._budget.begin()
        envelope = cut(optout.edges(text), sent)
        body = without_markup(envelope.body)
        verdict = _Verdict([f"cut:{name}" for name in envelope.cuts] if envelope.cuts else [])
        label = None
        if self._may_be_keyword(body):
            whole = fold(body)
            label = self._whole.get(whole)
        if label is not None:
            verdict.keyword(label, whole, self._languages.get(whole))
            if not keywords.QUESTION_MARKS.isdisjoint(body):
                verdict.labels.add("question")
            if len(whole) == 1 and whole in "abcd":
                verdict.labels.add("survey")
            return verdict.labelled(body, whole)
        spaced, words, count, said, has_keyword, is_question, language = read(body)
        if 0 < said <= _SLIP_SAID_MAX and count <= _SLIP_WORDS_MAX:
            self._add_slip(verdict, spaced)
        self._add_rules(verdict, spaced)
        if has_keyword or len(body) > JUDGED_CHARS_MAX:
            self._add_floor(verdict, body)
        if is_question:
            verdict.labels.add("question")
        is_long = said >= OPINION_WORDS_MIN
        if self._opinion is not None and (is_long or verdict.may_opt_in()):
            verdict.hear(self._opinion, spaced, self._own)
        return verdict.labelled(body, words, language or UNKNOWN)

    def _may_be_keyword(self, body: str) -> bool:
        """Whether the folded text may be one: its first word is not plainly another."""
        first = body.split(None, 1)
        head = first[0].strip(_AROUND).lower() if first else ""
        if len(head) < 2 or not head.isascii() or not head.isalpha():
            return True
        if head not in self._heads:
            return False
        words = body.split(None, self._words_max + 1)
        # A word that begins with a letter or digit is one once folded, too.
        return len(words) <= self._words_max or not all(word[0].isalnum() for word in words[:-1])

    def _add_slip(self, verdict: "_Verdict", spaced: bytes) -> None:
        """A keyword misspelt, and nothing said beside it but courtesy."""
        said = [word for word in spaced.decode().split() if word not in MARKS]
        bare = [word for word in said if word not in _COURTESY] or said
        if len(set(bare)) == 1:
            bare = bare[:1]
        elif len(bare) > _SLIP_PIECES_MAX:
            return
        joined = "".join(bare)
        if joined in PARTED:
            bare = [joined]
        for tried in (" ".join(said), " ".join(bare)):
            meant = ALONE.get(tried, tried)
            if self._whole.get(meant) == "opt_out" and len(bare) <= 2:
                verdict.keyword("opt_out", meant, self._languages.get(meant))
                verdict.grade("certain" if meant == tried else "likely")
                return

    def _add_floor(self, verdict: "_Verdict", body: str) -> None:
        found = optout.found_stop(body)
        if found is None or (found == optout.FIRST and optout.FIRST in verdict.removed):
            return
        if verdict.is_machine and not _is_on_its_own(body):
            return
        verdict.labels.add("opt_out")
        verdict.grade("certain")
        verdict.rules.append(found)
        for line in body.splitlines()[1:] and body.splitlines():
            label = self._whole.get(fold(line))
            if label in ("affirmative", "negative", "help"):
                verdict.labels.add(label)

    def _add_rules(self, verdict: "_Verdict", spaced: bytes) -> None:
        for matcher in self._matchers:
            found = matcher.scan(spaced)
            self._budget.look()
            if not found:
                continue
            hits = set(found)
            rules = matcher.rules
            vetoes = [rules[at] for at in hits if rules[at].label == "veto"]
            if vetoes:
                for veto in vetoes:
                    verdict.rules.append(f"veto:{veto.id}")
                    verdict.removed.update(veto.removes)
                hits = self._unvetoed(matcher, spaced, hits, vetoes)
            for at in sorted(hits):
                verdict.rule(rules[at])

    def _unvetoed(
        self, matcher: Matcher, spaced: bytes, hits: set[int], vetoes: list[Rule]
    ) -> set[int]:
        """Hits that no veto names, and those that stand in a clause without the veto."""
        rules = matcher.rules
        kept = {
            at
            for at in hits
            if rules[at].label != "veto" and not any(names(veto, rules[at]) for veto in vetoes)
        }
        far = [veto for veto in vetoes if veto.reach == "message"]
        named = {
            at
            for at in hits - kept
            if rules[at].label == "opt_out" and not any(names(veto, rules[at]) for veto in far)
        }
        if not named:
            return kept
        for piece in _pieces(spaced):
            found = set(matcher.scan(piece.encode()))
            self._budget.look()
            here = [rules[at] for at in found if rules[at].label == "veto"]
            kept |= {at for at in found & named if not any(names(veto, rules[at]) for veto in here)}
        return kept


def _pieces(spaced: bytes) -> list[str]:
    found: list[list[str]] = [[]]
    for word in spaced.decode().split():
        if word in _PART and len(found) < PIECES_MAX:
            found.append([])
        elif word not in (STARTS, ENDS):
            found[-1].append(word)
    return [f" {STARTS} {' '.join(words)} {ENDS} " for words in found if words]


def _is_on_its_own(body: str) -> bool:
    """Whether an opt-out keyword is a line of its own: a person's word below a machine's."""
    return any(
        fold(line) in keywords.STOP_LINE or fold(line) in keywords.STOP_ALONE
        for line in body.splitlines()
    )


class _Verdict:
    """Labels being gathered."""

    __slots__ = ("_grades", "_hints", "_phrased", "is_machine", "labels", "removed", "rules")

    def __init__(self, rules: list[str]) -> None:
        self.labels: set[str] = set()
        self.rules = rules
        self.removed: set[str] = set()
        self.is_machine = False
        self._hints: list[str] = []
        self._grades: set[str] = set()
        self._phrased: list[Rule] = []

    def keyword(self, label: str, word: str, language: str | None) -> None:
        self.labels.add(label)
        self.rules.append(f"keyword:{word}")
        self._hints += [language] * 3 if language else []
        if label == "opt_out":
            self._grades.add("certain")

    def grade(self, grade: str) -> None:
        self._grades.discard("certain") if grade == "likely" else None
        self._grades.add(grade)

    def rule(self, rule: Rule) -> None:
        self._phrased.append(rule)
        if rule.label == "auto_reply" and rule.grade == "certain":
            self.is_machine = True

    def hear(self, opinion: Classifier, spaced: bytes, own: frozenset[str]) -> None:
        """Asks the model about wordings that no rule has, or only built-in ones call opt-outs."""
        said = {rule.label for rule in self._phrased}
        is_said = bool(self._grades) or any(rule.id in own for rule in self._phrased)
        if is_said or self.is_machine or not said.isdisjoint(_PLAIN):
            return
        score = opinion.score(spaced)
        is_stranger = "wrong_number" in said
        if "opt_in" in said:
            if score >= OPT_IN_DOUBTED:
                self._doubt("opt_in")
        elif "opt_out" in said:
            if score < DOUBTED and not is_stranger:
                self._doubt("opt_out")
        elif score >= _threshold(is_stranger=is_stranger, is_vetoed=bool(self.removed)):
            self.labels.add("opt_out")
            self.grade("likely")
            self.rules.append("model:opt_out")

    def may_opt_in(self) -> bool:
        """Whether a rule heard an opt-in: of these even the shortest are doubted."""
        return any(rule.label == "opt_in" for rule in self._phrased)

    def _doubt(self, label: str) -> None:
        self._phrased = [rule for rule in self._phrased if rule.label != label]
        self.rules.append("model:doubts")

    def labelled(self, body: str, words: str, language: str | None = None) -> Labelled:
        """What was gathered; `language` is what the words speak for, if that is known."""
        if language is not None and not (self.labels or self.rules or self._phrased):
            return _nothing_said(language)
        if self._phrased:
            self._add_phrased()
        labels = _ranked(self.labels) if len(self.labels) > 1 else self.labels
        grade = "no"
        if "opt_out" in labels:
            grade = "certain" if "certain" in self._grades else "likely"
        if self._hints or language is None:
            language = language_of(body, words, self._hints)
        ordered = tuple(sorted(labels, key=_ORDER.__getitem__)) or ("other",)
        return Labelled(ordered, grade, language, tuple(dict.fromkeys(self.rules)))

    def _add_phrased(self) -> None:
        said = {rule.label for rule in self._phrased}
        is_out = "opt_out" in self.labels or "opt_out" in said
        is_soft = "soft_opt_out" in said
        for rule in self._phrased:
            label = rule.label
            if is_out and (label == "affirmative" or (label == "negative" and not is_soft)):
                continue
            if self.is_machine and label not in ("auto_reply", "wrong_number"):
                continue
            self.rules.append(rule.id)
            self._hints.append(rule.language)
            if label in _ORDER:
                self.labels.add(label)
            if label == "opt_out":
                self._grades.add(rule.grade)


def _threshold(*, is_stranger: bool, is_vetoed: bool) -> float:
    if is_stranger:
        return HEARD_OF_A_STRANGER
    return HEARD_AGAINST_A_VETO if is_vetoed else HEARD


@cache
def _nothing_said(language: str) -> Labelled:
    """A reply without any label, as most are."""
    return Labelled(("other",), "no", language, ())


def _ranked(labels: set[str]) -> set[str]:
    """Without what a stronger label makes untrue."""
    found = set(labels)
    if "opt_out" in found:
        found -= {"opt_in", "survey", "coupon"}
        if "auto_reply" in found:
            found.discard("auto_reply")
    if "auto_reply" in found:
        found &= {"auto_reply", "wrong_number"}
    if "wrong_number" in found:
        found -= {"affirmative", "negative", "help"}
    if "opt_in" in found:
        found -= {"help"}
    if "help" in found:
        found -= {"affirmative", "negative"}
    if "survey" in found and found & {"opt_in", "help", "wrong_number"}:
        found.discard("survey")
    return found

"""What people answered to a campaign: kept replies, answers to surveys, coupon codes.

Texts are read from the log and compared in their folded form; what a campaign asks, and which
codes it handed out, the engine keeps as settings. Counts are of distinct contacts.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

import orjson

from smstrack_core._core import Consent
from smstrack_core._core import Engine as CoreEngine
from smstrack_core.consent.book import dated
from smstrack_core.consent.judging import judge, label_bits
from smstrack_core.errors import input_error
from smstrack_core.replies.fold import fold, plain
from smstrack_core.values import now_ms

PAGE_COUNT: Final = 4_096
"""Replies read at once."""

CODE_CHARS_MIN: Final = 3
"""A shorter code is found in texts that hold none."""

CODES_COUNT_MAX: Final = 100_000
"""Codes of one campaign: they are kept in memory."""

OPTIONS_COUNT_MAX: Final = 100
"""Options of one question."""

_BREAKS: Final = frozenset(".,;:!?()[]#-\u2013\u2014/\n")
"""Characters after which an option stands apart from what follows it: `2 - the staff`."""


@final
@dataclass(frozen=True, slots=True)
class Replies:
    """One page of kept replies, in order of log position; iterates over its rows."""

    rows: list[dict[str, Any]]
    """`position`, `at`, `received`, `contact`, `campaign`, `blast`, `sender`, `labels`, `grade`,
    `lang`, `rules`, `text`, and `number` where asked for."""
    next: int | None
    """Pass it as `after` for the next page; None when done."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@final
@dataclass(frozen=True, slots=True)
class SurveyResult:
    """Answers to one question."""

    name: str
    question: str
    options: dict[str, str]
    """By what people write: what it means."""
    contacts: dict[str, int]
    """By option: distinct contacts, each by its latest answer."""
    messages: dict[str, int]
    """By option: all replies that chose it, second thoughts too."""
    respondents: int
    """Distinct contacts that answered; the sum of `contacts`."""
    free_text: int
    """Distinct contacts that replied something else and chose no option; see `replies`."""


@final
@dataclass(slots=True)
class _Tally:
    latest: dict[int, tuple[int, str]] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    others: set[int] = field(default_factory=set)


def all_replies(
    consents: Consent, campaign: str | None, labels: int = 0, after: int = 0
) -> Iterator[dict[str, Any]]:
    """Every kept reply, in order of position, read page by page; without numbers."""
    position: int | None = after
    while position is not None:
        page = orjson.loads(
            consents.replies(campaign=campaign, labels=labels, after=position, count_max=PAGE_COUNT)
        )
        yield from page["rows"]
        position = page["next"]


def search(
    consents: Consent,
    campaign: str | None,
    *,
    label: str | Sequence[str] | None,
    contains: str | None,
    limit: int,
    after: int,
    numbers: bool,
) -> Replies:
    """Up to `limit` replies with any of these labels whose text contains a text."""
    try:
        bits = label_bits(label)
    except ValueError as error:
        raise input_error("value_invalid", f"{error}.") from None
    if limit < 1:
        raise input_error("value_invalid", f"limit is {limit}; expected 1 or more.")
    wanted = None if contains is None else plain(contains)
    rows: list[dict[str, Any]] = []
    position: int | None = after
    while position is not None and len(rows) < limit:
        count = min(PAGE_COUNT, limit - len(rows) if wanted is None else PAGE_COUNT)
        page = orjson.loads(
            consents.replies(
                campaign=campaign, labels=bits, after=position, count_max=count, numbers=numbers
            )
        )
        position = page["next"]
        for row in page["rows"]:
            if wanted is not None and wanted not in plain(row["text"]):
                continue
            if len(rows) == limit:
                position = rows[-1]["position"]
                break
            row.pop("bits")
            rows.append(dated(row))
    return Replies(rows, position)


class CampaignReplies:
    """What a campaign asks and what came back. A base of `Campaign`."""

    name: str
    _core: CoreEngine

    @property
    def _consents(self) -> Consent:
        return Consent(self._core)

    def replies(
        self,
        *,
        label: str | Sequence[str] | None = None,
        contains: str | None = None,
        limit: int = 100,
        after: int = 0,
        numbers: bool = False,
    ) -> Replies:
        """Kept replies that are credited to the campaign, with their labels and texts.

        Args:
            label: Only with this label, or any of these.
            contains: Only with this in the text, whatever its case and accents.
            limit: At most so many.
            after: After this log position: `Replies.next` of the page before.
            numbers: With phone numbers.

        Reads the log at the positions of the replies; GIL released while it reads.
        """
        return search(
            self._consents, self.name, label=label, contains=contains, limit=limit,
            after=after, numbers=numbers,
        )  # fmt: skip

    def means(
        self, *, no: str | None = None, yes: str | None = None, blast: str | None = None
    ) -> None:
        """Says what NO and YES mean as an answer to the campaign, or to one of its blasts.

        Args:
            no: `opt_out`: a NO opts out. `no`: just a no, as without a word about it.
            yes: `opt_in`: a YES and nothing else opts in. `yes`: just a yes.
            blast: Only for this blast; the campaign's own word counts for the others.

        Counts for replies from now on; `smstrack relabel` shows what it makes of older ones.
        Durable on return.
        """
        meanings = {"on_no": (no, ("opt_out", "no")), "on_yes": (yes, ("opt_in", "yes"))}
        for name, (word, known) in meanings.items():
            if word is None:
                continue
            if word not in known:
                raise input_error(
                    "value_invalid", f"{name} is {word[:64]!r}; expected {' or '.join(known)}."
                )
            key = name if blast is None else f"{name}:{blast}"
            self._set(key, word)

    def survey(
        self,
        name: str,
        *,
        question: str = "",
        options: Mapping[str, str] | Iterable[str] = (),
        blast: str | None = None,
    ) -> None:
        """Registers or updates a question. Answers that came before count, too.

        Args:
            name: Its name within the campaign.
            question: The words that were sent.
            options: What people write, and what it means: `{"1": "good", "2": "bad"}`; or just
                what they write. Without options every reply is free text.
            blast: The blast that asked it; any of the campaign's if left out.

        Durable on return. Raises InputError: value_invalid, an option that opts out.
        """
        chosen = dict(options) if isinstance(options, Mapping) else {one: one for one in options}
        if len(chosen) > OPTIONS_COUNT_MAX:
            raise input_error(
                "too_many", f"{len(chosen)} options; a question holds {OPTIONS_COUNT_MAX}."
            )
        folded = [fold(key) for key in chosen]
        if not all(folded) or len(set(folded)) < len(folded):
            raise input_error("value_invalid", "an option is empty or the same as another.")
        if any(judge(key).bits & label_bits("stop") for key in chosen):
            raise input_error(
                "value_invalid", "an option is an opt-out word, and would opt people out."
            )
        value = {"question": question, "options": chosen, "blast": blast}
        self._set(f"survey:{name}", orjson.dumps(value).decode())

    def surveys(self) -> list[str]:
        """Names of the campaign's questions."""
        return [name for name, _ in self._named("survey:")]

    def survey_result(self, name: str) -> SurveyResult:
        """Counts the answers to a question. Raises InputError: unknown_name. Reads the log."""
        for known, text in self._named("survey:"):
            if known == name:
                return self._count(name, orjson.loads(text))
        raise input_error("unknown_name", f'there is no question "{name[:64]}". Register it first.')

    def _count(self, name: str, asked: dict[str, Any]) -> SurveyResult:
        options: dict[str, str] = asked["options"]
        keys = {fold(key): key for key in options}
        for option, meaning in options.items():
            keys.setdefault(fold(meaning), option)
        tally = _Tally()
        for row in all_replies(self._consents, self.name):
            if asked["blast"] not in (None, row["blast"]) or _is_aside(row):
                continue
            key = _chosen(row["text"], keys)
            if key is None:
                tally.others.add(row["contact"])
                continue
            tally.messages[key] = tally.messages.get(key, 0) + 1
            latest = tally.latest.get(row["contact"])
            if latest is None or latest[0] <= row["at_ms"]:
                tally.latest[row["contact"]] = (row["at_ms"], key)
        contacts = dict.fromkeys(options, 0)
        for _, key in tally.latest.values():
            contacts[key] += 1
        return SurveyResult(
            name,
            asked["question"],
            options,
            contacts,
            {key: tally.messages.get(key, 0) for key in options},
            len(tally.latest),
            len(tally.others - tally.latest.keys()),
        )

    def coupons(self, codes: Iterable[str]) -> int:
        """Adds coupon codes to the campaign; how many it has now. Durable on return.

        Case and accents do not count. A code is at least 3 letters, digits, `-` or `_`, one of
        them a digit or a letter.
        """
        known = set(self._codes())
        for code in codes:
            folded = plain(code.strip())
            if len(folded) < CODE_CHARS_MIN or not all(map(_is_code_char, folded)):
                raise input_error(
                    "value_invalid",
                    f"a code has {len(folded)} characters or other ones than letters, digits, "
                    f"'-' and '_'; expected at least {CODE_CHARS_MIN} of those.",
                )
            known.add(folded)
        if len(known) > CODES_COUNT_MAX:
            raise input_error(
                "too_many", f"{len(known)} codes; a campaign holds {CODES_COUNT_MAX}."
            )
        self._set("coupons", " ".join(sorted(known)))
        return len(known)

    def coupon_result(self) -> dict[str, int]:
        """Distinct contacts whose replies hold each code; codes nobody sent are left out.

        Reads the log.
        """
        codes = frozenset(self._codes())
        found: dict[str, set[int]] = {}
        for row in all_replies(self._consents, self.name) if codes else ():
            for code in codes.intersection(_words(row["text"])):
                found.setdefault(code, set()).add(row["contact"])
        return {code: len(found[code]) for code in sorted(found)}

    def _codes(self) -> list[str]:
        codes: str = dict(self._consents.settings(self.name)).get("coupons", "")
        return codes.split()

    def _named(self, prefix: str) -> list[tuple[str, str]]:
        return [
            (name.removeprefix(prefix), text)
            for name, text in self._consents.settings(self.name)
            if name.startswith(prefix)
        ]

    def _set(self, name: str, value: str) -> None:
        self._consents.set(self.name, name, value, now_ms=now_ms())


def _is_aside(row: Mapping[str, Any]) -> bool:
    """Not an answer to anything: an opt-out, or a machine."""
    return "stop" in row["labels"] or "auto_reply" in row["labels"]


def _chosen(text: str, keys: Mapping[str, str]) -> str | None:
    """The option that a reply chose: all of it, or what stands before the first break."""
    found = keys.get(fold(text))
    if found is not None:
        return found
    head = text.strip().lstrip("(#[")
    end = next((at for at, char in enumerate(head) if char in _BREAKS), None)
    return None if end is None else keys.get(fold(head[:end]))


def _words(text: str) -> set[str]:
    """What may be a code: runs of letters, digits, `-` and `_`, with and without marks around."""
    blanked = "".join(char if _is_code_char(char) else " " for char in plain(text))
    words = set(blanked.split())
    return words | {word.strip("-_") for word in words}


def _is_code_char(char: str) -> bool:
    return char in "-_" or unicodedata.category(char)[0] in "LN"

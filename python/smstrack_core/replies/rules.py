"""Rule files (TOML) -> rules, checked, with their lines. Knows nothing of matching engines.

A file is taken whole or not at all: the first thing wrong in it is refused with file and line.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, final

from smstrack_core.errors import input_error
from smstrack_core.replies.disguise import word_set
from smstrack_core.replies.fold import fold
from smstrack_core.replies.limits import (
    EXAMPLES_MAX,
    PATTERNS_MAX,
    RULE_FILE_BYTES_MAX,
    RULES_MAX,
)
from smstrack_core.replies.phrase import PhraseError, to_regex

LABELS: Final = (
    *("opt_out", "opt_in", "help", "affirmative", "negative", "question", "other"),
    *("wrong_number", "auto_reply", "abusive", "survey", "coupon"),
)
"""What a reply may say, in the order of their codes in the engine."""

GRADES: Final = ("certain", "likely", "no")
"""How sure an opt-out is. Certain and likely ones suppress; a person looks at likely ones."""

_RULE_LABELS: Final = frozenset(LABELS) - {"other"} | {"soft_opt_out", "none"}
_RULE_KEYS: Final = word_set("id label language pattern match not note grade")
_VETO_KEYS: Final = word_set("id removes reach language pattern match not note")
_REACHES: Final = ("clause", "message")
_KEYWORD_KEYS: Final = word_set("label language words note")
_TABLES: Final = frozenset({"lists", "rule", "veto", "keywords"})
_KEYWORD_LABELS: Final = frozenset({"opt_out", "opt_in", "help", "affirmative", "negative"})
_BUILT_IN: Final = Path(__file__).parent / "rules"


@final
@dataclass(frozen=True, slots=True)
class Rule:
    """One rule or veto, as written, with the regexes of its phrases."""

    id: str
    label: str
    """One of `LABELS`; `soft_opt_out` (said so beside another label), `none`, or `veto`."""
    language: str
    """Two-letter code, or `und`."""
    patterns: tuple[str, ...]
    regexes: tuple[str, ...]
    match: tuple[str, ...]
    """Examples that it must match."""
    no_match: tuple[str, ...]
    """Examples that it must not match; a rule may match them when a veto removes it."""
    grade: str = "certain"
    removes: tuple[str, ...] = ()
    """Of a veto: ids of rules; `en-stop*` means all that begin so."""
    reach: str = "clause"
    """Of a veto: whether it removes what its own clause says, or what the whole message says."""
    note: str = ""
    source: str = ""
    """File and line."""


@final
@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules, vetoes and keywords of one or more files."""

    rules: tuple[Rule, ...]
    keywords: Mapping[str, tuple[str, str]]
    """Folded word -> label and language, beside the built-in table."""


def built_in() -> RuleSet:
    """The rules that come with the package."""
    return load(sorted(_BUILT_IN.glob("*.toml")), is_bounded=False)


def load(paths: Iterable[Path], *, is_bounded: bool = True) -> RuleSet:
    """Rules of these files and directories (their `*.toml`), in order.

    Raises InputError: rule_invalid, with file and line; then nothing is loaded.
    """
    rules: list[Rule] = []
    keywords: dict[str, tuple[str, str]] = {}
    seen: dict[str, str] = {}
    for path in paths:
        if is_bounded and not path.exists():
            _refuse(str(path), "there is no such file or directory")
        for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
            _File(file).into(rules, keywords, seen)
            patterns = sum(len(rule.patterns) for rule in rules)
            if is_bounded and (len(rules) > RULES_MAX or patterns > PATTERNS_MAX):
                _refuse(
                    str(file),
                    f"there are {len(rules):,} rules with {patterns:,} patterns; at most "
                    f"{RULES_MAX:,} and {PATTERNS_MAX:,} are allowed",
                )
    return RuleSet(tuple(rules), keywords)


def _refuse(where: str, what: str) -> NoReturn:
    raise input_error("rule_invalid", f"{where}: {what}. No rule was loaded.")


class _File:
    """One file being read."""

    def __init__(self, file: Path) -> None:
        self._name = file.name
        self._heads: dict[str, list[int]] = {}
        try:
            with file.open("rb") as opened:
                raw = opened.read(RULE_FILE_BYTES_MAX + 1)
        except OSError as error:
            _refuse(str(file), f"it cannot be read ({error.strerror})")
        if len(raw) > RULE_FILE_BYTES_MAX:
            _refuse(self._name, f"it has more than {RULE_FILE_BYTES_MAX:,} bytes")
        try:
            self._text = raw.decode()
            self._tree: dict[str, Any] = tomllib.loads(self._text)
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            _refuse(f"{self._name}, line {line}", "it is not UTF-8")
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            _refuse(self._name, f"it is not TOML: {error}")
        self._lists: dict[str, str] = {}

    def into(
        self, rules: list[Rule], keywords: dict[str, tuple[str, str]], seen: dict[str, str]
    ) -> None:
        """Adds what the file holds."""
        for name in self._tree:
            if name not in _TABLES:
                known = ", ".join(sorted(_TABLES))
                _refuse(
                    self._where(name, 0), f"there is no table {name[:40]!r}; tables are {known}"
                )
        self._read_lists()
        for kind, keys in (("rule", _RULE_KEYS), ("veto", _VETO_KEYS)):
            for number, row in enumerate(self._rows(kind, keys)):
                rule = self._rule(kind, number, row)
                if rule.id in seen:
                    self._fail(kind, number, f'rule "{rule.id}" is already in {seen[rule.id]}')
                seen[rule.id] = rule.source
                rules.append(rule)
        for number, row in enumerate(self._rows("keywords", _KEYWORD_KEYS)):
            label = row.get("label")
            if label not in _KEYWORD_LABELS:
                known = ", ".join(sorted(_KEYWORD_LABELS))
                self._fail("keywords", number, f"label is {label!r}; expected one of {known}")
            language = self._language("keywords", number, row)
            for word in self._texts("keywords", number, row, "words"):
                if not fold(word):
                    self._fail("keywords", number, "a keyword is empty once it is folded")
                keywords[fold(word)] = (str(label), language)

    def _read_lists(self) -> None:
        lists = self._tree.get("lists", {})
        if not isinstance(lists, dict):
            _refuse(self._where("lists", 0), "lists is not a table of word lists")
        for name, value in lists.items():
            if isinstance(value, list) and all(isinstance(word, str) for word in value):
                self._lists[name] = "|".join(value)
            elif isinstance(value, str):
                self._lists[name] = value
            else:
                _refuse(self._where(name, 0), f'word list "{name[:40]}" is not a list of words')

    def _rows(self, kind: str, keys: frozenset[str]) -> list[dict[str, Any]]:
        rows = self._tree.get(kind, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            _refuse(self._where(kind, 0), f"write [[{kind}]], with two brackets")
        if len(rows) > RULES_MAX:
            what = f"there are {len(rows):,} of [[{kind}]]; at most {RULES_MAX:,} are allowed"
            _refuse(self._where(kind, RULES_MAX), what)
        for number, row in enumerate(rows):
            for key in row:
                if key not in keys:
                    known = ", ".join(sorted(keys))
                    self._fail(kind, number, f"{key[:40]!r} is not known; expected {known}")
        return rows

    def _rule(self, kind: str, number: int, row: Mapping[str, Any]) -> Rule:
        name = row.get("id")
        if not isinstance(name, str) or not name.strip() or len(name) > 80:
            self._fail(kind, number, "id is missing; expected a name of at most 80 characters")
        label = "veto" if kind == "veto" else row.get("label")
        if kind == "rule" and label not in _RULE_LABELS:
            known = ", ".join(sorted(_RULE_LABELS))
            self._fail(kind, number, f'rule "{name}": label is {label!r}; expected one of {known}')
        grade = row.get("grade", "certain")
        if grade not in GRADES[:2]:
            self._fail(
                kind, number, f'rule "{name}": grade is {grade!r}; expected certain or likely'
            )
        reach = row.get("reach", "clause")
        if reach not in _REACHES:
            self._fail(
                kind, number, f'veto "{name}": reach is {reach!r}; expected clause or message'
            )
        phrases = self._texts(kind, number, row, "pattern")
        match = self._texts(kind, number, row, "match")
        regexes = []
        for phrase in phrases:
            try:
                regexes.append(to_regex(phrase, self._lists))
            except (PhraseError, RecursionError) as error:
                self._fail(kind, number, f'{kind} "{name}", pattern "{phrase[:60]}": {error}')
        return Rule(
            id=name,
            label=str(label),
            language=self._language(kind, number, row),
            patterns=phrases,
            regexes=tuple(regexes),
            match=match,
            no_match=self._texts(kind, number, row, "not", is_needed=False),
            grade=grade,
            removes=self._texts(kind, number, row, "removes") if kind == "veto" else (),
            reach=str(reach),
            note=str(row.get("note", "")),
            source=self._where(kind, number),
        )

    def _language(self, kind: str, number: int, row: Mapping[str, Any]) -> str:
        language = row.get("language")
        if not isinstance(language, str) or not (2 <= len(language) <= 3 and language.isalpha()):
            self._fail(kind, number, "language is missing; expected a code such as es, or und")
        return language

    def _texts(
        self, kind: str, number: int, row: Mapping[str, Any], key: str, *, is_needed: bool = True
    ) -> tuple[str, ...]:
        """One text or a list of them."""
        found = row.get(key, [])
        texts = [found] if isinstance(found, str) else found
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            self._fail(kind, number, f"{key} is neither a text nor a list of texts")
        if is_needed and not texts:
            self._fail(kind, number, f"{key} is missing")
        if len(texts) > EXAMPLES_MAX:
            self._fail(kind, number, f"{key} has {len(texts):,} entries; at most {EXAMPLES_MAX}")
        return tuple(texts)

    def _fail(self, kind: str, number: int, what: str) -> NoReturn:
        _refuse(self._where(kind, number), what)

    def _where(self, kind: str, number: int) -> str:
        """File and line of the nth entry of a kind, or of the first line that begins so."""
        heads = self._heads.get(kind)
        if heads is None:
            lines = enumerate(self._text.splitlines(), 1)
            heads = self._heads[kind] = [at for at, line in lines if _is_head(line, kind)]
        line = heads[number] if number < len(heads) else (heads or [1])[0]
        return f"{self._name}, line {line}"


def _is_head(line: str, kind: str) -> bool:
    bare = "".join(line.split("#", maxsplit=1)[0].split())
    return bare.startswith((f"[[{kind}]]", f"[{kind}]", f"{kind}=", f'"{kind}"='))

"""Rule files: what a workspace may add, what is refused and how it is said, the self-test."""

import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from smstrack_core import InputError
from smstrack_core.replies import labeller
from smstrack_core.replies.bomb import compile_bounded
from smstrack_core.replies.matcher import Matcher, haystack
from smstrack_core.replies.phrase import PhraseError, to_regex
from smstrack_core.replies.rules import built_in, load
from smstrack_core.replies.selftest import SelfTest

GOOD = """
[lists]
pizza = ["pizza", "calzone*"]

[[rule]]
id = "own-no-pizza"
label = "opt_out"
language = "en"
pattern = "no ~1 {pizza} (texts)?"
match = ["no more pizza texts", "No calzones!"]
not = ["pizza please"]
note = "A pizzeria's customers say it so."

[[veto]]
id = "own-veto"
removes = ["own-no-pizza"]
language = "en"
pattern = "no pizza today"
match = "no pizza today"

[[keywords]]
label = "opt_out"
language = "en"
words = ["basta pizza", "EXIT2"]
"""


def write(directory: Path, text: str, name: str = "own.toml") -> Path:
    file = directory / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.slow
def test_a_workspace_adds_rules_vetoes_and_keywords(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    chosen = labeller([tmp_path])
    found = chosen.judge("no more pizza texts")
    assert found.labels == ("opt_out",)
    assert "own-no-pizza" in found.rules
    assert "opt_out" not in chosen.judge("no pizza today").labels
    assert "opt_out" in chosen.judge("Exit2").labels
    assert "opt_out" in chosen.judge("take me off your list").labels


@pytest.mark.parametrize(
    ("change", "line", "word"),
    [
        (('label = "opt_out"\nlanguage', 'label = "opt"\nlanguage'), 5, "label"),
        (("{pizza} (texts)?", "{soup}"), 5, "soup"),
        (("(texts)?", "(texts"), 5, "closed"),
        (("no ~1", "no ~99"), 5, "~"),
        (('id = "own-no-pizza"', ""), 5, "id"),
        (('language = "en"\npattern = "no pizza', 'pattern = "no pizza'), 14, "language"),
        (("note =", "notes ="), 5, "notes"),
        (('label = "opt_out"\nlanguage = "en"\nwords', 'label = "bad"\nlanguage = "en"\nwords'),
         21, "label"),
        (("[[rule]]", "[[rule"), 5, "TOML"),
    ],
)  # fmt: skip
def test_a_broken_file_loads_nothing_and_names_the_line(
    tmp_path: Path, change: tuple[str, str], line: int, word: str
) -> None:
    assert change[0] in GOOD
    file = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(InputError) as refused:
        load([file])
    text = str(refused.value)
    assert f"line {line}" in text
    assert "own.toml" in text
    assert word in text
    assert "No rule was loaded" in text


def test_what_does_not_exist_or_is_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load([tmp_path / "none.toml"])
    one = '[[rule]]\nid = "r{}"\nlabel = "help"\nlanguage = "en"\npattern = "a b"\nmatch = "a b"\n'
    began = time.process_time()
    many = write(tmp_path, "".join(one.format(number) for number in range(10_000)))
    with pytest.raises(InputError, match="at most 1,000"):
        load([many])
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "bomb",
    [
        *(
            "(a{1,1000}){1,1000}",
            "(a+)+$",
            "(a|a)*b",
            "(.*)*x",
            "((((((((((((((((a))))))))))))))))",
        ),
        *("a" * 10_000, "(" * 5_000, "{x}", "~8 ~8 ~8", "", "***", "[", "]", ")", "a\\b"),
    ],
)
def test_bombs_are_refused_or_harmless_in_bounded_time(bomb: str) -> None:
    began = time.process_time()
    try:
        regex = to_regex(bomb, {"x": "{x}"})
    except (PhraseError, RecursionError):
        regex = ""
    assert len(regex) <= 40_000
    assert time.process_time() - began < 2


@pytest.mark.slow
def test_compiling_is_bounded() -> None:
    words = b"|".join([b"ab%d" % number for number in range(200)])
    heavy = [(b" (?:[^ ]+ ){0,8}" * 12 + b"(?:" + words + b") ") * 4 for _ in range(400)]
    began = time.monotonic()
    with pytest.raises(InputError):
        compile_bounded(heavy, list(range(len(heavy))))
    assert time.monotonic() - began < 60
    with pytest.raises(InputError, match="do not compile"):
        compile_bounded([b"(?=a)"], [0])


@pytest.mark.slow
def test_the_built_in_rules_do_what_their_examples_say_in_both_engines() -> None:
    rules = built_in().rules
    assert len(rules) > 100
    chosen = labeller()
    matcher = chosen._judge._matchers[0]
    assert SelfTest(matcher).findings(["anything else", "отстаньте", "別" * 50]) == []


@pytest.mark.slow
def test_a_difference_between_the_engines_is_found(tmp_path: Path) -> None:
    matcher = Matcher(load([write(tmp_path, GOOD)]).rules)
    test = SelfTest(matcher)
    assert test.findings() == []
    setattr(matcher, "scan", lambda _text: [])  # noqa: B010 - an engine that loses matches
    found = test.findings()
    assert found
    assert "Hyperscan does not find it" in found[0].what


@pytest.mark.slow
def test_a_cache_that_is_broken_or_forbidden_prevents_nothing(tmp_path: Path) -> None:
    rules = load([write(tmp_path, GOOD)]).rules
    cache = tmp_path / "cache"
    text = haystack("no calzones")
    first = Matcher(rules, cache)
    assert first.scan(text)
    (blob,) = cache.glob("*.hs")
    blob.write_bytes(b"not a database")
    assert Matcher(rules, cache).scan(text)
    blocked = tmp_path / "file"
    blocked.write_text("a file where a directory should be")
    assert Matcher(rules, blocked).scan(text)


def run(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "smstrack_core", *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.slow
def test_classify_reads_texts_and_json_lines_in_order() -> None:
    done = run("classify", stdin='STOP\n{"text": "sí, mañana a las 3?"}\n\n{"other": 1}\n')
    assert done.returncode == 0, done.stderr
    rows = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert [row["labels"] for row in rows] == [
        ["opt_out"], ["affirmative", "question"], ["other"], ["other"],
    ]  # fmt: skip
    assert [row["grade"] for row in rows] == ["certain", "no", "no", "no"]
    assert rows[1]["lang"] == "es"
    assert rows[0]["rules"]


@pytest.mark.slow
def test_rules_test_and_explain(tmp_path: Path) -> None:
    good = write(tmp_path, GOOD)
    assert run("rules", "test", str(good)).returncode == 0
    bad = write(tmp_path, GOOD.replace("No calzones!", "yes calzones"), "bad.toml")
    done = run("rules", "test", str(bad))
    assert done.returncode == 1
    assert "bad.toml, line 5" in done.stdout
    said = run("rules", "explain", "Please take me off this list").stdout
    assert "opt_out" in said
    assert "en-remove (en.toml, line " in said

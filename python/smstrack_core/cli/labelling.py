"""`smstrack classify` and `smstrack rules ...`: what replies say, and why."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from smstrack_core.cli.output import print_line, say
from smstrack_core.replies import Labelled, labeller
from smstrack_core.replies.label import Labeller
from smstrack_core.replies.matcher import Matcher, default_cache
from smstrack_core.replies.rules import RuleSet, built_in, load
from smstrack_core.replies.selftest import SelfTest

LINE_BYTES_MAX: Final = 1_048_576
"""Of one line on standard input: far more than any reply has."""

rules_app: Final = typer.Typer(
    no_args_is_help=True, help="Check the reply rules, and ask why a text got its labels."
)

Rules = Annotated[
    list[Path] | None,
    typer.Option("--rules", help="More rules: a TOML file or a directory. May be repeated."),
]


@rules_app.command("test")
def check_rules(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Rule files or directories.", metavar="FILE")
    ] = None,
) -> None:
    """Run every rule's own examples through both engines; exit code 1 if one misbehaves.

    Without files: the built-in rules. A broken file is refused with its name and line.

    Example:
    - `smstrack rules test ./my-rules.toml`
    """
    from smstrack_core.replies.bomb import compile_bounded  # noqa: PLC0415 - keeps others quick

    chosen: RuleSet = load(files) if files else built_in()
    matcher = Matcher(chosen.rules, default_cache(), compile_bounded if files else None)
    found = SelfTest(matcher).findings()
    for finding in found:
        rule = finding.rule
        print_line(f'{rule.source}: rule "{rule.id}": "{finding.example}" {finding.what}')
    examples = sum(len(rule.match) + len(rule.no_match) for rule in chosen.rules)
    say(
        f"{len(chosen.rules):,} rules, {examples:,} examples, "
        f"{len(chosen.keywords):,} keywords: {len(found):,} findings"
    )
    if found:
        raise typer.Exit(1)


def ready(rules: Sequence[Path] = ()) -> Labeller:
    """A labeller, with a word on stderr where it has to be waited for."""
    note = "compiling the rules of replies for this processor, once: a minute or two"
    return labeller(rules, waits=lambda: say(note))


@rules_app.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="A reply.", metavar="TEXT")],
    rules: Rules = None,
) -> None:
    """Say what a text means and which rules say so.

    Example:
    - `smstrack rules explain "Please take me off this list"`
    """
    found = ready(rules or []).judge(text)
    print_line(f"labels: {', '.join(found.labels)}")
    print_line(f"opt-out: {found.grade}")
    print_line(f"language: {found.lang}")
    known = {rule.id: rule for rule in (*built_in().rules, *load(rules or []).rules)}
    for name in found.rules:
        rule = known.get(name.removeprefix("veto:"))
        note = f" ({rule.source}) {rule.note}".rstrip() if rule else ""
        print_line(f"rule: {name}{note}")


def classify_command(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Replies; standard input without any.")
    ] = None,
    rules: Rules = None,
) -> None:
    """Label replies: one a line, or JSON lines with `text`; JSON lines out, in order.

    Each has `labels`, `grade` (of an opt-out: certain, likely, no), `lang` and `rules`.

    Examples:
    - `smstrack classify "sí, mañana a las 3?"`
    - `smstrack classify < replies.txt`
    """
    chosen = ready(rules or [])
    for text in texts or _lines():
        print_line(as_json(chosen.judge(text)))


def as_json(found: Labelled) -> str:
    """One judgement as one line."""
    return orjson.dumps(
        {
            "labels": found.labels,
            "grade": found.grade,
            "lang": found.lang,
            "rules": found.rules,
        }
    ).decode()


def _lines() -> Iterator[str]:
    for raw in sys.stdin.buffer:
        line = raw[:LINE_BYTES_MAX].rstrip(b"\r\n")
        if line.lstrip()[:1] == b"{":
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if isinstance(row, dict) and isinstance(row.get("text"), str):
                yield row["text"]
                continue
        yield line.decode("utf-8", "replace")

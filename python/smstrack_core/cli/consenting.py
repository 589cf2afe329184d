"""The commands about consent and about what people answered. Numbers are masked unless asked for.

`explain`, `reviews`, `replies`, `relabel`, and `consent` with `export`, `trend` and `record`.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

import smstrack_core as sms
from smstrack_core import _core
from smstrack_core.cli.labelling import ready
from smstrack_core.cli.output import print_line, say
from smstrack_core.consent.book import describe, write_facts
from smstrack_core.consent.responses import search
from smstrack_core.replies import use

Directory = Annotated[Path, typer.Argument(help="Data directory.", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
Numbers = Annotated[bool, typer.Option("--numbers", help="With phone numbers.")]
Wording = Annotated[
    bool, typer.Option("--wording", help="With the words that were said or agreed to.")
]

consent: Final = typer.Typer(
    name="consent",
    help="The ledger of consent: export it, see its trend, add to it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


class Format(StrEnum):
    """Forms of an export."""

    ndjson = "ndjson"
    csv = "csv"


class Unit(StrEnum):
    """Lengths of time that a trend counts by."""

    day = "day"
    week = "week"


class Opted(StrEnum):
    """What a record of consent says."""

    out = "out"
    into = "in"


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (explain, reviews, replies, relabel):
        app.command()(command)
    app.add_typer(consent, name="consent")


def explain(
    directory: Directory,
    number: Annotated[str, typer.Argument(help="Phone number with its country code.")],
    at: Annotated[
        str | None, typer.Option(help="As it stood then: ISO 8601 with a zone.", metavar="TIME")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="As we knew it then, by arrival.", metavar="TIME")
    ] = None,
    wording: Wording = False,
    numbers: Numbers = False,
    as_json: AsJson = False,
) -> None:
    """Say why a number may or may not be sent to: every fact about its consent, in order.

    The last line that says `decides` is the one that counts; of two at the same moment, the
    opt-out. Words and numbers are shown only where asked for.

    Examples:

    - `smstrack explain ./data +12025550123`
    - `smstrack explain ./data +12025550123 --at 2026-03-01T00:00:00Z --wording`
    """
    with sms.open(directory, create=False) as engine:
        found = engine.explain(number, at=at, known_at=known_at, wording=wording, numbers=numbers)
    print_line(_json(found.to_dict()) if as_json else str(found))


def reviews(
    directory: Directory,
    confirm: Annotated[
        int | None, typer.Option(help="It was an opt-out.", metavar="POSITION")
    ] = None,
    overturn: Annotated[
        int | None, typer.Option(help="It was none: lift what it did.", metavar="POSITION")
    ] = None,
    by: Annotated[str, typer.Option(help="Who decides; kept in the ledger.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)] = 100,
    after: Annotated[int, typer.Option(help="After this position.", min=0)] = 0,
    numbers: Numbers = False,
    as_json: AsJson = False,
) -> None:
    """List likely opt-outs that a person should read, with their words; or decide on one.

    They suppress at once and until somebody decides. Deciding is itself a record of the ledger.

    Examples:

    - `smstrack reviews ./data`
    - `smstrack reviews ./data --overturn 4711 --by ann`
    """
    if confirm is not None and overturn is not None:
        message = "--confirm and --overturn exclude each other."
        raise typer.BadParameter(message)
    position = confirm if overturn is None else overturn
    with sms.open(directory, create=False) as engine:
        if position is not None:
            decide = engine.confirm if overturn is None else engine.overturn
            suppressed = decide(position, by=by)
            verdict = "confirmed" if overturn is None else "overturned"
            found: dict[str, Any] = {
                "position": position, "review": verdict, "suppressed": suppressed,
            }  # fmt: skip
            state = "suppressed" if suppressed else "not suppressed"
            print_line(_json(found) if as_json else f"{position} {verdict}; now {state}")
            return
        rows = engine.reviews(after=after, count_max=limit, numbers=numbers)
    for row in rows:
        print_line(_json(row) if as_json else describe(row) + _who(row))
    if not as_json:
        say(f"{len(rows):,} to review" + (f"; more after {rows[-1]['position']}"
            if len(rows) == limit else ""))  # fmt: skip


def replies(
    directory: Directory,
    campaign: Annotated[
        str | None, typer.Argument(help="Its name; all replies without it.", metavar="CAMPAIGN")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Only with this label; may be repeated.")
    ] = None,
    contains: Annotated[
        str | None, typer.Option(help="Only with this in the text.", metavar="TEXT")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 100,
    after: Annotated[int, typer.Option(help="After this position.", min=0)] = 0,
    numbers: Numbers = False,
    as_json: AsJson = False,
) -> None:
    """Print kept replies with their labels, in the order in which they came.

    `--json` prints one object a line. Numbers are left out unless asked for; texts are what
    people wrote, so they may hold anything.

    Examples:

    - `smstrack replies ./data spring --label question`
    - `smstrack replies ./data spring --contains parking --limit 20`
    """
    with sms.open(directory, create=False) as engine:
        page = search(
            _core.Consent(engine.core), campaign, label=label or None, contains=contains,
            limit=limit, after=after, numbers=numbers,
        )  # fmt: skip
    for row in page:
        labels = ",".join(row["labels"])
        line = f"{row['position']}  {row['at']}  [{labels}]  {_one_line(row['text'])}{_who(row)}"
        print_line(_json(row) if as_json else line)
    if page.next is not None:
        say(f"more: --after {page.next}")


def relabel(
    directory: Directory,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Change it, in one step.")] = False,
    campaign: Annotated[
        str | None, typer.Option(help="Only replies credited to it.", metavar="CAMPAIGN")
    ] = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option(help="Your own rules, as `serve` has them. May be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run today's rules over kept replies: who would enter and leave each set.

    Say either `--dry-run` or `--apply`. Applying is one record batch: after a crash all of it is
    there or nothing. It never undoes an opt-out that was given, and opts nobody in.

    Examples:

    - `smstrack relabel ./data --dry-run`
    - `smstrack relabel ./data --apply --campaign spring`
    """
    if dry_run == apply:
        message = "say --dry-run to see what would change, or --apply to change it."
        raise typer.BadParameter(message)
    if rules:
        use(ready(rules))
    with sms.open(directory, create=False) as engine:
        found = engine.relabel(campaign=campaign, apply=apply)
    print_line(_json(found.to_dict()) if as_json else str(found))


@consent.command()
def export(
    directory: Directory,
    file: Annotated[
        Path | None, typer.Argument(help="Written whole; stdout without it.", metavar="FILE")
    ] = None,
    written_as: Annotated[Format, typer.Option("--format", help="Its form.")] = Format.ndjson,
    wording: Wording = False,
    numbers: Numbers = False,
) -> None:
    """Write every fact of the ledger, in the order of the log, for an auditor.

    Without `--numbers` contacts are shown by their id in this directory, without `--wording`
    the words by a keyed hash. An auditor will want both.

    Examples:

    - `smstrack consent export ./data ledger.ndjson --numbers --wording`
    - `smstrack consent export ./data --format csv > ledger.csv`
    """
    with sms.open(directory, create=False) as engine:
        if file is not None:
            count = engine.export_consent(
                file, format=written_as.value, wording=wording, numbers=numbers
            )
            say(f"wrote {count:,} facts to {file}")
        else:
            facts = engine.consent_facts(wording=wording, numbers=numbers)
            write_facts(sys.stdout, facts, written_as.value)


@consent.command()
def trend(
    directory: Directory,
    campaign: Annotated[
        str | None, typer.Argument(help="Only words credited to it.", metavar="CAMPAIGN")
    ] = None,
    by: Annotated[Unit, typer.Option(help="Counted by.")] = Unit.week,
    as_json: AsJson = False,
) -> None:
    """Print opt-outs and opt-ins by week or day, in UTC; distinct contacts each.

    Example:

    - `smstrack consent trend ./data spring --by day`
    """
    with sms.open(directory, create=False) as engine:
        found = engine.consent_trend(campaign=campaign, by=by.value)
    if as_json:
        print_line(_json(found))
        return
    if found["asked"] is not None:
        print_line(f"asked {found['asked']:,} (delivered)")
    print_line(f"{by.value:<12}{'opted out':>12}{'opted in':>12}{'wrong number':>14}")
    for row in found["rows"]:
        print_line(
            f"{row['start']:<12}{row['opted_out']:>12,}{row['opted_in']:>12,}"
            f"{row['wrong_number']:>14,}"
        )


@consent.command()
def record(
    directory: Directory,
    numbers: Annotated[
        Path, typer.Argument(help="Numbers, one a line; `-` is standard input.", metavar="FILE")
    ],
    source: Annotated[str, typer.Option(help="Where it comes from: a form, a list, a till.")],
    opted: Annotated[Opted | None, typer.Option(help="In or out.")] = None,
    reassigned: Annotated[
        bool, typer.Option("--reassigned", help="The numbers have new owners since then.")
    ] = False,
    wording: Annotated[str, typer.Option(help="The words that were agreed to.")] = "",
    at: Annotated[
        str | None, typer.Option(help="Since when: ISO 8601 with a zone; now without it.")
    ] = None,
) -> None:
    """Add consent from elsewhere to the ledger, or say that numbers were reassigned.

    Rows that are no numbers are one line on stderr each, and exit code 1; the others are kept.

    Examples:

    - `smstrack consent record ./data signed.txt --opted in --source "till 4" --wording "I agree"`
    - `smstrack consent record ./data moved.txt --reassigned --source registry`
    """
    if (opted is None) == (not reassigned):
        message = "say either --opted in, --opted out, or --reassigned."
        raise typer.BadParameter(message)
    text = sys.stdin.read() if str(numbers) == "-" else numbers.read_text(encoding="utf-8")
    with sms.open(directory, create=False) as engine:
        if opted is None:
            changed, rejects = engine.reassigned(text.splitlines(), at=at, source=source)
        else:
            changed, rejects = engine.record_consent(
                text.splitlines(), opted=opted.value, source=source, wording=wording, at=at
            )
    for row, code in rejects:
        say(f"row {row + 1}: {code}. Row skipped.")
    say(f"suppression changed for {changed:,} contacts")
    if rejects:
        raise typer.Exit(1)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _who(row: dict[str, Any]) -> str:
    return f"  {row['number']}" if "number" in row else f"  contact {row['contact']}"


def _one_line(text: str) -> str:
    """Nothing that moves the cursor, or is no sign at all, reaches a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)

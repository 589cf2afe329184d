"""`smstrack dead-letters` and `smstrack replay`: what was refused, and how it is sent again.

What people wrote and their numbers stay out of it unless they are asked for.
"""

import os
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

import smstrack_core as sms
from smstrack_core.cli.output import advance, exit_if_interrupted, print_line, progress_bar, say
from smstrack_core.cli.templating import roles_of
from smstrack_core.letters import exported, listed, read, replay

Directory = Annotated[Path, typer.Argument(help="Data directory.", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def dead_letters(
    directory: Directory,
    after: Annotated[int, typer.Option(help="Only after this log position.", min=0)] = 0,
    count_max: Annotated[
        int | None, typer.Option("--count-max", help="At most so many rows.", min=1)
    ] = None,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Also queries and bodies as they came: personal data.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Write whole requests to a new file, to mend and `replay` them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what was refused: where, when, why and at which byte.

    Queries and bodies hold numbers and texts of people, so only their sizes are shown unless
    `--bodies` asks for them; with `--json` bodies are base64. Rows of one request share its body,
    which stands with the first of them.

    Examples:

    - `smstrack dead-letters ./data`
    - `smstrack dead-letters ./data --after 1204 --json --bodies`
    - `smstrack dead-letters ./data --export letters.jsonl`
    """
    with sms.open(directory, create=False) as engine:
        if export is not None:
            _write(engine, after, export)
        else:
            _print(engine, after, count_max, bodies=bodies, as_json=as_json)


def replay_letters(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help="What `dead-letters --export` wrote, mended.")],
    template: Annotated[
        str | None, typer.Option(metavar="JSON", help="Parameter names that the operator chose.")
    ] = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Send nothing: only take them off the list.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send refused requests again, once they were mended, and take them off the list.

    Mend the `body` (or `target`) of a line in an editor, or with a script. What is refused again
    is a new dead letter; rows that were accepted before are known as repeats; a second replay of
    the same file changes nothing. Needs the server stopped.

    Examples:

    - `smstrack replay ./data letters.jsonl`
    - `smstrack replay ./data hopeless.jsonl --give-up`
    """
    roles = None if template is None else roles_of(template)
    with sms.open(directory, create=False) as engine:
        _replay(engine, file, roles, give_up=give_up, as_json=as_json)


def _print(
    engine: sms.Engine, after: int, count_max: int | None, *, bodies: bool, as_json: bool
) -> None:
    """Prints refused rows in order of position. Blocks on disk."""
    letters = islice(listed(engine, after), count_max)
    shown = (_shown(letter, bodies=bodies) for letter in letters)
    if as_json:
        print_line(orjson.dumps(list(shown)).decode())
        return
    count = 0
    for letter in shown:
        count += 1
        print_line(_line(letter))
        if letter.get("body"):
            print_line(_indented(b64decode(letter["body"])))
    say("1 refused row" if count == 1 else f"{count:,} refused rows")


def _shown(letter: dict[str, Any], *, bodies: bool) -> dict[str, Any]:
    """The row as it may be shown; sizes instead of what people wrote."""
    path, question, query = letter["target"].partition("?")
    shown = {**letter, "body_bytes": len(b64decode(letter["body"])), "query_bytes": len(query)}
    if not bodies:
        del shown["body"]
        shown["target"] = f"{path}{question}{'...' if query else ''}"
    return shown


def _line(letter: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(letter["received_ms"] / 1_000, UTC)
    whose = "/".join(filter(None, (letter["provider"], letter["account"])))
    size = f"body of {letter['body_bytes']:,} bytes, query of {letter['query_bytes']:,}"
    return (
        f"{letter['position']}  {at:%Y-%m-%dT%H:%M:%SZ}  {whose}  {letter['code']}  "
        f"row {letter['row']}, byte {letter['byte']:,}  ({size})  {letter['reason']}"
    )


def _indented(body: bytes) -> str:
    """Bytes of strangers, so that they move no cursor."""
    text = body.decode("utf-8", "backslashreplace")
    safe = "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
    return "\n".join(f"    {line}" for line in safe.split("\n"))


def _write(engine: sms.Engine, after: int, file: Path) -> None:
    """Writes refused requests to a new file of their owner's. Blocks on disk."""
    count = 0
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        for line in exported(engine, after):
            out.write(line + b"\n")
            count += 1
    say(f"{count:,} refused requests in {file}: they hold numbers and texts of people")


def _replay(
    engine: sms.Engine,
    file: Path,
    template: Mapping[str, str] | None,
    *,
    give_up: bool,
    as_json: bool,
) -> None:
    """Sends a file's letters again, or takes them off the list. Blocks on disk."""
    with file.open("rb") as lines:
        letters = read(lines)
    if give_up:
        done = {"given_up": engine.settle(letter.position for letter in letters)}
    else:
        with exit_if_interrupted(), progress_bar("requests sent again") as bar:
            done = asdict(replay(engine, letters, template=template, moved=advance(bar)))
    if as_json:
        print_line(orjson.dumps(done).decode())
        return
    words = {
        "sent": "requests sent again",
        "accepted": "rows accepted",
        "refused": "rows refused again: new dead letters",
        "skipped": "requests skipped: not on the list, or not any more",
        "given_up": "requests given up",
    }
    for name, count in done.items():
        print_line(f"{count:,} {words[name]}")

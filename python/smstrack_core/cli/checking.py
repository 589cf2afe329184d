"""`smstrack check`: what verifying a data directory found, for people and for programs."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

import smstrack_core as sms
from smstrack_core.cli.output import print_line, say

Directory = Annotated[Path, typer.Argument(help="Data directory.", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def check(directory: Directory, as_json: AsJson = False) -> None:
    """Verify a data directory, changing nothing, and say what was found.

    Exit code 1 if anything is damaged. A torn tail after a crash is normal and is not damage.

    Example:
    - `smstrack check ./data`
    """
    if not as_json and not any((directory / name).exists() for name in ("IDENTITY", "log")):
        say(f"error: {directory} is not a data directory")
        raise typer.Exit(1)
    found = sms.check(str(directory))
    if as_json:
        print_line(orjson.dumps(found).decode())
    else:
        for key, value in found.items():
            if key not in ("ok", "problems"):
                print_line(f"{key.replace('_', ' ')}: {_plain(value)}")
        for problem in found.get("problems", []):
            print_line(f"problem: {_plain(problem)}")
        print_line("sound" if found.get("ok") else "DAMAGED")
    if not found.get("ok"):
        raise typer.Exit(1)


def _plain(value: object) -> str:
    """A value for people: sentences with their code, `name 1, other 2`, or as it is."""
    if isinstance(value, dict) and "text" in value:
        code = value.get("code")
        return f"{value['text']} [{code}]" if code else str(value["text"])
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_plain(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "; ".join(map(_plain, value)) or "none"
    return value if isinstance(value, str) else orjson.dumps(value).decode()

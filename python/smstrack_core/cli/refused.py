"""`smstrack dead-letters`: what was refused, for people and for programs.

What people wrote and their numbers stay out of it unless they are asked for.
"""

from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import orjson

import smstrack_core as sms
from smstrack_core.cli.output import print_line, say

_PAGE: Final = 1_000
"""Rows asked of the engine at once."""


def print_letters(
    engine: sms.Engine, after: int, count_max: int | None, *, bodies: bool, as_json: bool
) -> None:
    """Prints refused rows in order of position. Blocks on disk."""
    letters = islice(_letters(engine, after), count_max)
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


def _letters(engine: sms.Engine, after: int) -> Iterator[dict[str, Any]]:
    while page := engine.dead_letters(after=after, count_max=_PAGE):
        yield from page
        after = page[-1]["position"]


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

"""Dead letters as lines of a file: written out, mended by hand, sent again.

Knows the lines and how a request is made of one. What a provider's request means it leaves to the
decoders; where files are and what people see, to the command line.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, final
from urllib.parse import parse_qs, urlsplit

import orjson

from smstrack_core._core import Request
from smstrack_core.engine import Engine
from smstrack_core.errors import input_error

_PAGE: Final = 1_000
_SETTLED_TOGETHER: Final = 256
"""Letters between two marks on the list; those between are sent again if the power goes."""


@final
@dataclass(frozen=True, slots=True)
class Letter:
    """One refused request, as it came or as somebody mended it."""

    position: int
    provider: str
    account: str
    method: str
    target: str
    body: bytes
    received_ms: int | None
    """When it came first: what a receipt without a time of its own is dated by."""


@final
@dataclass(slots=True)
class Replayed:
    """What became of letters that were sent again."""

    sent: int = 0
    accepted: int = 0
    """Rows taken in, repeats of rows that had been taken in before among them."""
    refused: int = 0
    """Rows refused again: each is a new dead letter."""
    skipped: int = 0
    """Letters that are not on the list: settled before, or of another directory."""


def listed(engine: Engine, after: int = 0) -> Iterator[dict[str, Any]]:
    """Refused rows in order of position, page by page. Blocks on disk."""
    while page := engine.dead_letters(after=after, count_max=_PAGE):
        yield from page
        after = page[-1]["position"]


def exported(engine: Engine, after: int = 0) -> Iterator[bytes]:
    """One JSON line a refused request, with its whole body: personal data. Blocks on disk."""
    for position, rows in groupby(listed(engine, after), key=lambda row: row["position"]):
        first, *others = rows
        body = b64decode(first["body"])
        try:
            written = {"body": body.decode()}
        except UnicodeDecodeError:
            written = {"body_base64": first["body"]}
        kept = ("provider", "account", "method", "target", "received_ms")
        reasons = ("row", "byte", "code", "reason")
        refused = [{key: row[key] for key in reasons} for row in (first, *others)]
        line = {"position": position, **{key: first[key] for key in kept}, **written}
        yield orjson.dumps({**line, "refused": refused})


def read(lines: Iterable[bytes]) -> list[Letter]:
    """Letters of a file.

    Raises InputError: value_invalid, with the line's number; then nothing was done.
    """
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_letter(orjson.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                raise input_error("value_invalid", f"line {number}: {what}") from error
    return found


def _letter(row: Any) -> Letter:  # noqa: ANN401 - JSON of people
    position, received_ms = row["position"], row.get("received_ms")
    if type(position) is not int or position < 1:
        raise ValueError("position is not that of a dead letter")
    if received_ms is not None and type(received_ms) is not int:
        raise ValueError("received_ms is no number of milliseconds")
    if ("body" in row) == ("body_base64" in row):
        raise ValueError("there must be a body, or a body_base64")
    encoded = row.get("body_base64")
    body = row["body"].encode() if encoded is None else b64decode(encoded, validate=True)
    provider, account = row["provider"], row.get("account") or ""
    method, target = row["method"], row["target"]
    if not all(isinstance(text, str) for text in (provider, account, method, target)):
        raise ValueError("provider, account, method and target are texts")
    return Letter(position, provider, account, method, target, body, received_ms)


def replay(
    engine: Engine,
    letters: Sequence[Letter],
    *,
    template: Mapping[str, str] | None = None,
    moved: Callable[[int, int], None] = lambda _done, _total: None,
) -> Replayed:
    """Sends letters again and takes them off the list. Doing it twice changes nothing more.

    What is refused again is a new dead letter. A crash in between leaves some on the list that were
    sent: sent once more, their events are known as repeats.

    Raises InputError: unknown_name, a provider; those before it were sent. Blocks on fsync.
    """
    is_open = {row["position"] for row in listed(engine)}
    done = Replayed()
    settled: list[int] = []
    try:
        for at, letter in enumerate(letters):
            if letter.position in is_open:
                _send(engine, letter, template, done)
                settled.append(letter.position)
                is_open.discard(letter.position)
            else:
                done.skipped += 1
            if len(settled) >= _SETTLED_TOGETHER:
                engine.settle(settled)
                settled = []
            moved(at + 1, len(letters))
    finally:
        engine.settle(settled)
    return done


def _send(
    engine: Engine, letter: Letter, template: Mapping[str, str] | None, done: Replayed
) -> None:
    query = parse_qs(urlsplit(letter.target).query)
    taken = engine.ingest(
        letter.provider,
        [
            Request(
                letter.method, letter.target, [("content-type", _type(letter.body))], letter.body
            )
        ],
        account=letter.account,
        campaign=query.get("campaign", [None])[0],
        blast=query.get("blast", [None])[0],
        template=template,
        received_ms=letter.received_ms,
    )
    done.sent += 1
    done.accepted += taken.accepted
    done.refused += taken.rejected


def _type(body: bytes) -> str:
    """The header is not kept with a dead letter; its first bytes say as much."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if body.startswith(b"--"):
        boundary = body[2:].split(b"\r\n", 1)[0].decode("latin-1")
        return f"multipart/form-data; boundary={boundary}"
    kinds = {b"{": "application/json", b"[": "application/json", b"<": "text/xml"}
    return kinds.get(start, "application/x-www-form-urlencoded")

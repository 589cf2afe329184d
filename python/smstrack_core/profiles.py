"""Provider profiles: TOML files that tell a gateway's format, and samples that prove them.

What a profile may say is read and checked in rust/engine/src/decode/custom; here are only files,
and the comparison of what samples become with what they must become.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, final

import orjson

from smstrack_core import _core
from smstrack_core.errors import InputError, input_error

Sources = Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | _core.Profiles
"""Profiles as callers name them: files, directories of `*.toml`, or profiles loaded before."""

EXPECTED: Final = "expected.jsonl"
"""One line a sample: `file`, and `canonical`, the events it must become."""

FIELDS: Final = (
    *("kind", "provider", "message_id", "contact", "sender", "state", "final", "error_code"),
    *("error_class", "occurred_at", "text", "parts", "client_ref"),
)
"""The canonical fields; those that an expected event leaves out are null."""


def load_profiles(sources: Sources | None) -> _core.Profiles | None:
    """Reads profiles: all of them, or none and one error.

    Args:
        sources: Files and directories; of a directory every `*.toml`, in order of name.

    Raises:
        InputError: profile_invalid names the file, the line, the key and what is allowed there;
            value_invalid, a directory without profiles or a file that is not UTF-8.
        OSError: A file cannot be read.
    """
    if sources is None or isinstance(sources, _core.Profiles):
        return sources
    listed = [sources] if isinstance(sources, str | os.PathLike) else list(sources)
    files = [file for source in listed for file in _files(Path(source))]
    return _core.Profiles.load([(str(file), _text(file)) for file in files])


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    files = sorted(source.glob("*.toml"))
    if not files:
        raise input_error("value_invalid", f"{source} holds no profile; expected files *.toml.")
    return files


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        sentence = f"{file}, byte {error.start}: is not UTF-8. No profile was loaded."
        raise input_error("profile_invalid", sentence) from None


def describe_providers(profiles: Sources | None = None) -> list[dict[str, Any]]:
    """Every provider as data, built-in ones first: the facts that a profile file states.

    Names and aliases, id forms, default country, clock, parts policy, signatures, answer, status
    words with their states, error codes with their classes.
    """
    found: list[dict[str, Any]] = orjson.loads(_core.describe_providers(load_profiles(profiles)))
    return found


def usual_scheme(provider: str, profiles: Sources | None = None) -> str | None:
    """The signature scheme that a provider or a loaded profile is checked by if none is named.

    None where it signs nothing, or where only its account there knows by which of several.

    Raises:
        InputError: unknown_name, there is no such provider.
    """
    known = describe_providers(profiles)
    for facts in known:
        if provider == facts["name"] or provider in facts["aliases"]:
            scheme: str | None = facts["scheme"]
            return scheme
    names = ", ".join(facts["name"] for facts in known)
    raise input_error("unknown_name", f"there is no provider {provider!r}; known are {names}.")


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """One sample that does not become what it must."""

    file: str
    expected: str
    """JSON, or words."""
    found: str
    """JSON, or words."""


@final
@dataclass(frozen=True, slots=True)
class Conformance:
    """What a profile makes of its samples."""

    name: str
    samples: int
    events: int
    """Events that were expected."""
    differences: list[Difference]


def check_profile(file: str | os.PathLike[str], samples: str | os.PathLike[str]) -> Conformance:
    """Decodes a profile's samples and compares them with its `expected.jsonl`.

    Args:
        file: The profile.
        samples: A directory with `expected.jsonl` and the raw requests (`*.http`) it names,
            relative to it. A line is `{"file": ..., "canonical": [event, ...]}`; fields that an
            event leaves out are null, `provider` is the profile's name. Requests that must be
            refused have `"rejects": [code, ...]` instead, or beside it.

    Raises:
        InputError: The profile is wrong, or a line of `expected.jsonl` is.
        OSError: A file cannot be read.
    """
    profiles = _core.Profiles.load([(os.fspath(file), _text(Path(file)))])
    name = profiles.names[0]
    directory = Path(samples)
    lines = list(_lines(directory / EXPECTED))
    differences: list[Difference] = []
    events = 0
    for line in lines:
        expected = [_whole(event, name) for event in line.get("canonical", [])]
        codes = [str(code) for code in line.get("rejects", [])]
        found, refused = _decode(profiles, name, directory / line["file"])
        events += len(expected)
        is_same = len(found) == len(expected) and all(map(_same, expected, found))
        if not is_same or codes != refused:
            differences.append(
                Difference(line["file"], _shown(expected, codes), _shown(found, refused))
            )
    named = {line["file"] for line in lines}
    for path in sorted(directory.rglob("*.http")):
        relative = path.relative_to(directory).as_posix()
        if relative not in named:
            found, refused = _decode(profiles, name, path)
            differences.append(
                Difference(relative, f"a line in {EXPECTED}", _shown(found, refused))
            )
    return Conformance(name, len(lines), events, differences)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for number, text in enumerate(file.read_bytes().splitlines(), start=1):
        if not text.strip():
            continue
        try:
            line = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            reason = f"{file}, line {number}: is no JSON: {error}."
            raise input_error("value_invalid", reason) from None
        events = line.get("canonical", []) if isinstance(line, dict) else None
        is_sound = isinstance(events, list) and all(isinstance(event, dict) for event in events)
        if not is_sound or not isinstance(line.get("file"), str):
            reason = f'{file}, line {number}: expected {{"file": name, "canonical": [event, ...]}}.'
            raise input_error("value_invalid", reason)
        for key in {key for event in events or [] for key in event} - set(FIELDS):
            reason = f"{file}, line {number}: {key!r} is no field; they are {', '.join(FIELDS)}."
            raise input_error("value_invalid", reason)
        yield line


def _whole(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**dict.fromkeys(FIELDS), "provider": name, **event}


def _decode(
    profiles: _core.Profiles, name: str, file: Path
) -> tuple[list[dict[str, Any]], list[str]]:
    request = _core.parse_request(file.read_bytes())
    try:
        found = orjson.loads(_core.decode(name, request, None, profiles))
    except InputError as error:
        return [], [error.code]
    return found["events"], [reject["code"] for reject in found["rejects"]]


def _same(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether two events are equal, their times as instants to the millisecond."""
    times = [_instant(event["occurred_at"]) for event in (expected, found)]
    rest = [{**event, "occurred_at": None} for event in (expected, found)]
    if None in times or rest[0] != rest[1]:
        return rest[0] == rest[1] and times[0] == times[1]
    first, second = (time for time in times if time is not None)
    return abs(first - second) < 0.001_5


def _instant(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return -1.0


def _shown(events: list[dict[str, Any]], codes: list[str]) -> str:
    lines = [
        orjson.dumps({key: value for key, value in event.items() if value is not None}).decode()
        for event in events
    ]
    return "\n".join(lines + [f"refused: {code}" for code in codes]) or "nothing"

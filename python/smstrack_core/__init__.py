"""smstrack: what became of each text, and what people answered, as exact contact sets.

    import smstrack_core as sms

    with sms.open("./data") as engine:
        spring = engine.campaign("spring", cost="412.50 USD")
        b1 = spring.blast("b1", sender="+999000000011", audience=["+999100000001"])
        print(spring.report())

Names: `open` a directory, `serve` its ingest door in a Trio program, `decode` one request.
The layout follows the flow of an event; see docs/architecture.md.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from smstrack_core import _core
from smstrack_core._core import Request, __version__, providers
from smstrack_core.campaigns import Blast, Campaign
from smstrack_core.engine import Engine, open
from smstrack_core.errors import ClosedError, InputError, SmstrackError, StorageError
from smstrack_core.outcomes import Ingested, Registered
from smstrack_core.profiles import Sources, check_profile, describe_providers, load_profiles
from smstrack_core.reports import Report
from smstrack_core.segments import Exported, Segment
from smstrack_core.serve import Server, serve
from smstrack_core.signatures import Verdict, schemes, verify

__all__ = [
    "Blast",
    "Campaign",
    "ClosedError",
    "Engine",
    "Exported",
    "Ingested",
    "InputError",
    "Registered",
    "Report",
    "Request",
    "Segment",
    "Server",
    "SmstrackError",
    "StorageError",
    "Verdict",
    "__version__",
    "check",
    "check_profile",
    "decode",
    "decode_rows",
    "describe_providers",
    "load_profiles",
    "open",
    "providers",
    "repair",
    "schemes",
    "serve",
    "verify",
]


def decode(
    provider: str,
    request: Request,
    *,
    template: Mapping[str, str] | None = None,
    profiles: Sources | None = None,
) -> list[dict[str, Any]]:
    """Reads one request of a provider without an engine.

    Args:
        provider: One of `providers()`.
        request: As received.
        template: Parameter names that the operator chose, and the role of each.
        profiles: Provider profiles, whose names are providers too: files, or directories.

    Returns:
        Canonical events in the order of the request (fields: docs/events.md). Refused rows are
        left out; `decode_rows` shows them.

    Raises:
        InputError: The provider is not known, or the body cannot be read at all.
    """
    found = decode_rows(provider, request, template=template, profiles=profiles)
    events: list[dict[str, Any]] = found["events"]
    return events


def decode_rows(
    provider: str,
    request: Request,
    *,
    template: Mapping[str, str] | None = None,
    profiles: Sources | None = None,
) -> dict[str, Any]:
    """Like `decode`, with the refused rows: `{"events": [...], "rejects": [...]}`."""
    roles = None if template is None else orjson.dumps(dict(template)).decode()
    loaded = load_profiles(profiles)
    found: dict[str, Any] = orjson.loads(_core.decode(provider, request, roles, loaded))
    return found


def repair(path: str) -> dict[str, Any]:
    """Makes a damaged data directory open again: its log is cut where it cannot be read.

    Nothing is thrown away: what is cut stays beside it as `NAME.cut-N`. An undamaged directory
    is left as it is. Blocks on disk.

    Returns:
        `cut` (pieces, each with file, byte, bytes, kept_as and why), `last_position`, `records`.

    Raises:
        StorageError: already_open; file_invalid, what cannot be repaired; io_failed.
    """
    found: dict[str, Any] = orjson.loads(_core.repair(path))
    return found


def check(path: str) -> dict[str, Any]:
    """Verifies a data directory, changing nothing: files, frames, positions, problems, ok."""
    found: dict[str, Any] = orjson.loads(_core.check(path))
    return found

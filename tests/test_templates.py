"""Samples of all providers through the Python surface, and templates in all their roles."""

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

import smstrack_core as sms
from smstrack_core import _core

PROVIDERS = Path(__file__).parent / "data" / "providers"
LINES = [orjson.loads(line) for line in (PROVIDERS / "expected.jsonl").read_bytes().splitlines()]


def instant(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its time as an instant."""
    at = event["occurred_at"]
    return {**event, "occurred_at": at and datetime.fromisoformat(at)}


@pytest.mark.parametrize("line", LINES, ids=[line["file"] for line in LINES])
def test_samples(line: dict[str, Any]) -> None:
    request = _core.parse_request((PROVIDERS / line["file"]).read_bytes())
    provider = line["file"].split("/")[1]
    found = sms.decode(provider, request, template=line.get("template"))
    assert list(map(instant, found)) == list(map(instant, line["canonical"]))


def get(provider: str, query: str, template: dict[str, str] | None = None) -> dict[str, Any]:
    request = sms.Request("GET", f"/hooks/{provider}?{query}", {}, b"")
    [event] = sms.decode(provider, request, template=template)
    return {name: value for name, value in event.items() if value is not None}


def test_every_role_of_a_kannel_receipt() -> None:
    roles = {
        "d": "dlr", "r": "client_ref", "F": "message_id", "p": "contact", "P": "sender",
        "A": "receipt text", "T": "unix time", "D": "meta-data", "i": "smsc",
    }  # fmt: skip
    query = "d=2&r=x&F=7&p=%2B12025550101&P=5215&A=stat:UNDELIV+err:021&T=1776267122&i=north"
    assert get("kannel", query, roles) == {
        "kind": "receipt", "provider": "kannel", "message_id": "7", "contact": "+12025550101",
        "sender": "5215", "state": "undelivered", "final": True, "error_code": "021",
        "error_class": "other", "occurred_at": "2026-04-15T15:32:02Z", "client_ref": "x",
    }  # fmt: skip
    meta = get("kannel", "d=2&r=x&D=%3Fsmpp%3Fdlr_err%3D%2503%2500%250B%26", roles)
    assert meta["error_code"] == "11"
    own = get("kannel", "d=2&r=x&e=%03%00%0B", {**roles, "e": "error_code"})
    assert own["error_code"] == "11"


def test_every_role_of_a_kannel_reply() -> None:
    roles = {"p": "contact", "P": "sender", "b": "text", "t": "UTC time", "c": "coding"}
    query = "p=12025550101&P=5215&b=%00h%00i&t=2026-04-12+14:50:32&c=2"
    assert get("kannel", query, roles) == {
        "kind": "reply", "provider": "kannel", "contact": "+12025550101", "sender": "5215",
        "text": "hi", "occurred_at": "2026-04-12T14:50:32Z",
    }  # fmt: skip
    latin = get("kannel", "b=caf%E9&C=ISO-8859-1", {"b": "text", "C": "charset"})
    assert latin["text"] == "café"


def test_every_role_of_a_gupshup_receipt() -> None:
    roles = {
        "a": "message_id", "b": "unix ms", "c": "status", "d": "reason", "e": "contact",
        "f": "error_code", "g": "parts", "h": "sender", "i": "client_ref",
    }  # fmt: skip
    query = "a=7&b=1777421964000&c=FAILED&d=ABSENT_SUBSCRIBER&e=12025550101&f=3&g=2&h=ABC&i=x"
    assert get("gupshup", query, roles) == {
        "kind": "receipt", "provider": "gupshup", "message_id": "7", "contact": "+12025550101",
        "sender": "ABC", "state": "failed", "final": True, "error_code": "3",
        "error_class": "absent", "occurred_at": "2026-04-29T00:19:24Z", "parts": 2,
        "client_ref": "x",
    }  # fmt: skip


@pytest.mark.parametrize("provider", ["jasmin", "twilio"])
def test_own_parameters_of_a_callback(provider: str) -> None:
    known = {"jasmin": "id=7&message_status=DELIVRD", "twilio": "MessageSid=7&MessageStatus=sent"}
    event = get(provider, f"{known[provider]}&my%20ref=a%26b", {"my ref": "client_ref"})
    assert (event["message_id"], event["client_ref"]) == ("7", "a&b")


def test_own_parameters_fill_only_what_is_not_said() -> None:
    roles = {"n": "contact", "s": "sender", "m": "message_id", "x": "ignored", "y": "no such role"}
    said = get("jasmin", "id=7&message_status=DELIVRD&n=%2B12025550101&s=5215&m=8&x=1&y=2", roles)
    assert (said["contact"], said["sender"], said["message_id"]) == ("+12025550101", "5215", "7")


def test_roles_are_listed() -> None:
    assert {"dlr", "client_ref", "message_id", "contact", "sender", "text"} < set(
        _core.TEMPLATE_ROLES
    )
    assert len(set(_core.TEMPLATE_ROLES)) == len(_core.TEMPLATE_ROLES)
    page = (Path(__file__).parents[1] / "docs" / "gateways.md").read_text()
    assert [role for role in _core.TEMPLATE_ROLES if f"`{role}`" not in page] == []

"""The plain Python that a user would write for the same job: decode, find, add to a bitmap.

urllib and orjson decode, one dict finds the contact, pyroaring keeps one set for each state.
No log, nothing durable, no duplicates by message, no rejects, no other questions answered: what
it leaves out is in its favour.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

import orjson
from pyroaring import BitMap

from bench.shapes import Group

_WORDS: Final = {
    "delivered": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "delivery_failed": "failed",
    "DELIVERED": "delivered",
    "UNDELIVERABLE": "failed",
    "DELIVRD": "delivered",
    "UNDELIV": "failed",
    "sent": "sent",
    "queued": "queued",
}
_RECEIPT: Final = re.compile(r"id:(\S+) .*?stat:(\w+) err:(\w+)")


class PlainTracker:
    """Contacts by number (or messages by id), and one bitmap for each state."""

    def __init__(self, index_of: dict[str, int], *, by_id: bool) -> None:
        self.index_of = index_of
        self._by_id = by_id
        self.sets = {state: BitMap() for state in ("delivered", "failed", "sent", "queued")}

    def ingest(self, groups: Iterable[Group]) -> None:
        """Takes in a batch, one provider after the other."""
        for group in groups:
            match group.provider:
                case "twilio":
                    self._twilio(group.bodies)
                case "telnyx":
                    self._telnyx(group.bodies)
                case "infobip":
                    self._infobip(group.bodies)
                case "vonage-sms":
                    self._vonage(group.bodies)
                case _:
                    self._smpp(group.handsets, group.bodies)

    def _add(self, key: str, word: str) -> None:
        index = self.index_of.get(key)
        if index is not None:
            self.sets[_WORDS[word]].add(index)

    def _twilio(self, bodies: list[bytes]) -> None:
        key = "MessageSid" if self._by_id else "To"
        for body in bodies:
            fields = dict(parse_qsl(body.decode()))
            self._add(fields[key], fields["MessageStatus"])

    def _telnyx(self, bodies: list[bytes]) -> None:
        for body in bodies:
            payload = orjson.loads(body)["data"]["payload"]
            for to in payload["to"]:
                self._add(payload["id"] if self._by_id else to["phone_number"], to["status"])

    def _infobip(self, bodies: list[bytes]) -> None:
        for body in bodies:
            for row in orjson.loads(body)["results"]:
                key = row["messageId"] if self._by_id else "+" + row["to"]
                self._add(key, row["status"]["groupName"])

    def _vonage(self, bodies: list[bytes]) -> None:
        for body in bodies:
            receipt = orjson.loads(body)
            key = receipt["messageId"] if self._by_id else "+" + receipt["msisdn"]
            self._add(key, receipt["status"])

    def _smpp(self, handsets: list[str], texts: list[bytes]) -> None:
        for number, text in zip(handsets, texts, strict=True):
            found = _RECEIPT.search(text.decode())
            if found is not None:
                self._add(found[1] if self._by_id else f"+{number}", found[2])

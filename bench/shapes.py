"""Provider-shaped receipts, computed from an index: nothing random, so every count is known.

The same rules as rust/load/src/shapes.rs: receipt `index` is for contact
`index * 2654435761 mod contacts`, written `12000000000 + contact`; every 20th contact
(contact mod 20 = 19) did not get its message; the message id mixes the index.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pyroaring import BitMap

CONTACT_STRIDE: Final = 2_654_435_761
CONTACT_FIRST: Final = 12_000_000_000
FAILED_EVERY: Final = 20
SENDER: Final = 14_155_550_183
_MIX: Final = (0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F)
_WORD: Final = (1 << 64) - 1

_NOW: Final = datetime.now(UTC)
_TIMES: Final = [
    f"{_NOW + timedelta(milliseconds=61 * step):%Y-%m-%dT%H:%M:%S.%f}"[:-3] for step in range(997)
]
"""Times of the receipts: a minute from now on, so that they lie in the receipt window of a blast
made now, and differ from one receipt to the next as real ones do."""
_CARRIERS: Final = (
    b"EXAMPLE WIRELESS, INC.",
    b"SAMPLE MOBILE",
    b"FICTIONAL CELLULAR LLC",
    b"PLACEHOLDER TELECOM - SVR/2",
    b"NUMBER OF NOBODY",
)
_TEXTS: Final = (b"Table is booked!", b"Your order has left.", b"Doors open at 7, see you there")

INFOBIP_RESULTS: Final = 10
"""Receipts in one Infobip body; the provider sends up to 100."""


def contact_of(index: int, contacts: int) -> int:
    """The contact that receipt `index` is about."""
    return (index % contacts) * CONTACT_STRIDE % contacts


def is_failed(contact: int) -> bool:
    """Whether this contact did not get its messages."""
    return contact % FAILED_EVERY == FAILED_EVERY - 1


def number_of(contact: int) -> str:
    """E.164 without the plus."""
    return str(CONTACT_FIRST + contact)


def id_of(index: int) -> str:
    """32 hex digits, another one for every index."""
    return f"{index * _MIX[0] & _WORD:016x}{index * _MIX[1] & _WORD:016x}"


def uuid_of(index: int) -> str:
    """The same id as a UUID is written."""
    text = id_of(index)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def time_of(index: int) -> str:
    """When receipt `index` says it happened, to the millisecond, without a zone (it is UTC)."""
    return _TIMES[index % len(_TIMES)]


@dataclass(frozen=True, slots=True)
class Expected:
    """Contacts by their fate."""

    delivered: BitMap
    failed: BitMap


def expected(indexes: Iterable[int], contacts: int) -> Expected:
    """What the receipts of these indexes amount to."""
    touched = BitMap(contact_of(index, contacts) for index in indexes)
    failed = touched & BitMap(range(FAILED_EVERY - 1, contacts, FAILED_EVERY))
    return Expected(touched - failed, failed)


# Bodies ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Traffic:
    """Receipts of one blast: which contacts, from which number of ours."""

    contacts: int
    sender: int = SENDER

    def _of(self, index: int) -> tuple[str, bool]:
        contact = contact_of(index, self.contacts)
        return number_of(contact), is_failed(contact)

    def twilio(self, index: int) -> bytes:
        """A status callback, 237 bytes where it was delivered."""
        number, failed = self._of(index)
        status, error = ("undelivered", "&ErrorCode=30003") if failed else ("delivered", "")
        return (
            f"SmsSid=SM{id_of(index)}&SmsStatus={status}&MessageStatus={status}&To=%2B{number}"
            f"&MessageSid=SM{id_of(index)}&AccountSid=AC3e0d4733a63ce850ecc917f212912030"
            f"&From=%2B{self.sender}&ApiVersion=2010-04-01{error}"
        ).encode()

    def telnyx(self, index: int) -> bytes:
        """A message.finalized event as compact JSON, about 1.2 kB."""
        number, failed = self._of(index)
        done, sent = (time_of(index + step).encode() for step in (2, 0))
        return _TELNYX % {
            b"event": uuid_of(index ^ 1 << 40).encode(),
            b"done": done,
            b"sent": sent,
            b"errors": _TELNYX_ERROR if failed else b"",
            b"sender": self.sender,
            b"id": uuid_of(index).encode(),
            b"text": _TEXTS[index % len(_TEXTS)],
            b"carrier": _CARRIERS[index * 7 // 3 % len(_CARRIERS)],
            b"number": number.encode(),
            b"status": b"delivery_failed" if failed else b"delivered",
        }

    def vonage(self, index: int) -> bytes:
        """A receipt of the SMS API as JSON, about 230 bytes; its `to` is our number."""
        number, failed = self._of(index)
        code, status = ("6", "failed") if failed else ("0", "delivered")
        clock = time_of(index)[:19].replace("T", " ")
        return (
            f'{{"err-code":"{code}","message-timestamp":"{clock}","messageId":'
            f'"{id_of(index)}","msisdn":"{number}","network-code":"23415","price":"0.08870000",'
            f'"scts":"2610131435","status":"{status}","to":"{self.sender}"}}'
        ).encode()

    def infobip(self, index: int) -> bytes:
        """Ten receipts, `index` and the nine after it, in one body of about 5 kB."""
        rows = (self._infobip_row(index + row) for row in range(INFOBIP_RESULTS))
        return b'{"results":[' + b",".join(rows) + b"]}"

    def _infobip_row(self, index: int) -> bytes:
        number, failed = self._of(index)
        status, error = _INFOBIP_FAILED if failed else _INFOBIP_DELIVERED
        return (
            f'{{"bulkId":"EAPT-RV-959-esj","messageId":"{uuid_of(index)}","to":"{number}",'
            f'"from":"{self.sender}","sentAt":"{time_of(index)}+0000",'
            f'"doneAt":"{time_of(index + 2)}+0000","messageCount":1,'
            f'"price":{{"pricePerMessage":0.08,"currency":"EUR"}},{status},{error}}}'
        ).encode()

    def handset(self, index: int) -> str:
        """The number of the contact that receipt `index` is about, without a plus."""
        return self._of(index)[0]

    def smpp(self, index: int) -> bytes:
        """The receipt text of a deliver_sm; the handset is beside it, in source_addr."""
        _, failed = self._of(index)
        stat, error, count = ("UNDELIV", "027", "000") if failed else ("DELIVRD", "000", "001")
        text = (
            f"id:{smpp_id(index)} sub:001 dlvrd:{count} submit date:2608141136 "
            f"done date:2608141137 stat:{stat} err:{error} text:harbour ferry now"
        )
        return text.encode()


def smpp_id(index: int) -> str:
    """Ten or more decimal digits, as message centres count."""
    return f"{index:010d}"


_TELNYX: Final = (
    b'{"data":{"event_type":"message.finalized","id":"%(event)b",'
    b'"occurred_at":"%(done)b+00:00","payload":{"completed_at":'
    b'"%(done)b+00:00","cost":{"amount":"0.0061","currency":"USD"},'
    b'"cost_breakdown":{"carrier_fee":{"amount":"0.00208","currency":"USD"},"rate":{"amount":'
    b'"0.00604","currency":"USD"}},"direction":"outbound","encoding":"GSM-7","errors":[%(errors)b],'
    b'"from":{"carrier":"Telnyx","line_type":"Wireless","phone_number":"+%(sender)d"},"id":"%(id)b",'
    b'"media":[],"messaging_profile_id":"d38fa2ce-5d45-4b2c-8b34-2b804ec1e1f7",'
    b'"organization_id":"a9ac0c65-adba-4e96-9f25-8efe1e26209c","parts":1,"received_at":'
    b'"%(sent)b+00:00","record_type":"message","sent_at":'
    b'"%(sent)b+00:00","tags":["flash-sale","north"],"text":"%(text)b",'
    b'"to":[{"carrier":"%(carrier)b","line_type":"Wireless","phone_number":"+%(number)b",'
    b'"status":"%(status)b"}],"type":"SMS","valid_until":"%(sent)b+00:00",'
    b'"webhook_url":"https://hooks.example.net/telnyx"},"record_type":"event"},"meta":'
    b'{"attempt":1,"delivered_to":"https://hooks.example.net/telnyx"}}'
)
_TELNYX_ERROR: Final = b'{"code":"40008","title":"Undeliverable","detail":"Not delivered."}'
_INFOBIP_DELIVERED: Final = (
    (
        '"status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET",'
        '"description":"Message delivered to handset"}'
    ),
    (
        '"error":{"groupId":0,"groupName":"OK","id":0,"name":"NO_ERROR","description":"No Error",'
        '"permanent":false}'
    ),
)
_INFOBIP_FAILED: Final = (
    (
        '"status":{"groupId":2,"groupName":"UNDELIVERABLE","id":9,"name":"UNDELIVERABLE_NOT_DELIVERED",'
        '"description":"Message sent not delivered"}'
    ),
    (
        '"error":{"groupId":1,"groupName":"HANDSET_ERRORS","id":27,"name":"EC_ABSENT_SUBSCRIBER",'
        '"description":"Absent Subscriber","permanent":false}'
    ),
)


# Mixes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Bodies of one provider that are taken in together."""

    provider: str
    bodies: list[bytes]
    handsets: list[str]
    """SMPP: the source_addr of each; empty for the others, whose bodies hold the number."""
    events: int
    sender: int


MIXES: Final[dict[str, dict[str, int]]] = {
    "form": {"twilio": 100},
    "json": {"telnyx": 60, "infobip": 30, "vonage-sms": 10},
    "smpp": {"smpp": 100},
    "mix": {"twilio": 50, "telnyx": 20, "infobip": 15, "vonage-sms": 5, "smpp": 10},
}
"""Share of the receipts by provider, in percent."""


BATCH_STEP: Final = 200
"""Receipts of a batch are a multiple of this, so that shares and Infobip's tens come out even."""


def shares(mix: str, first: int, count: int) -> Iterator[tuple[str, int, int]]:
    """Which provider sends which receipts of a batch: provider, first index, count."""
    for provider, percent in MIXES[mix].items():
        share = count * percent // 100
        yield provider, first, share
        first += share


def batch(traffic: Traffic, mix: str, first: int, count: int) -> list[Group]:
    """Receipts `first` to `first + count`, grouped by provider as a relay would hand them on."""
    return [_group(traffic, *share) for share in shares(mix, first, count)]


def _group(traffic: Traffic, provider: str, first: int, count: int) -> Group:
    indexes = range(first, first + count, INFOBIP_RESULTS if provider == "infobip" else 1)
    make: dict[str, Callable[[int], bytes]] = {
        "twilio": traffic.twilio,
        "telnyx": traffic.telnyx,
        "infobip": traffic.infobip,
        "vonage-sms": traffic.vonage,
        "smpp": traffic.smpp,
    }
    bodies = [make[provider](index) for index in indexes]
    handsets = [traffic.handset(index) for index in indexes] if provider == "smpp" else []
    return Group(provider, bodies, handsets, count, traffic.sender)


def message_id(provider: str, index: int) -> str:
    """The id under which a provider's receipt names message `index`."""
    if provider == "smpp":
        return smpp_id(index)
    if provider == "twilio":
        return f"SM{id_of(index)}"
    return id_of(index) if provider == "vonage-sms" else uuid_of(index)

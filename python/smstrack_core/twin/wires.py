"""Facts -> requests as the providers send them: key order, types and encodings of the samples.

One pair of functions a provider: a receipt on a message, and a reply. Pure.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple, final
from urllib.parse import quote_plus

import orjson

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
KANNEL_TEMPLATE: Final = {
    "id": "message_id",
    "type": "dlr",
    "from": "contact",
    "to": "sender",
    "ts": "unix time",
    "text": "text",
}
"""Parameter names in the twin's Kannel callbacks, and the role of each."""


@final
class Callback(NamedTuple):
    """One request of the stream."""

    provider: str
    method: str
    target: str
    content_type: str
    """Empty where there is no body."""
    body: bytes
    status: int
    """Status the ingest door must answer with; 200 stands for any 2xx."""


@lru_cache(maxsize=100_000)
def _second(second: int) -> tuple[bytes, str]:
    """The same second for Telnyx and for Vonage."""
    moment = datetime.fromtimestamp(second, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S").encode(), moment.strftime("%Y-%m-%d+%H%%3A%M%%3A%S")


def twilio_receipt(to: int, sender: str, sid: str, word: str, code: str, at_ms: int) -> Callback:
    """Twilio's status callback: a form, no time in it."""
    del at_ms
    error = f"&ErrorCode={code}" if code else ""
    body = (
        f"SmsSid={sid}&SmsStatus={word}&MessageStatus={word}&To=%2B{to}&MessageSid={sid}"
        f"&AccountSid=AC00000000000000000000000000000999&From=%2B{sender[1:]}"
        f"&ApiVersion=2010-04-01{error}"
    )
    return Callback("twilio", "POST", "/hooks/twilio", FORM, body.encode(), 200)


def twilio_reply(contact: int, sender: str, sid: str, text: str, at_ms: int) -> Callback:
    """Twilio's inbound message: a form, no time in it."""
    del at_ms
    body = (
        f"ToCountry=US&ToState=&SmsMessageSid={sid}&NumMedia=0&ToCity=&FromZip=&SmsSid={sid}"
        f"&SmsStatus=received&Body={quote_plus(text)}&FromCountry=&To=%2B{sender[1:]}"
        f"&NumSegments=1&MessageSid={sid}&AccountSid=AC00000000000000000000000000000999"
        f"&From=%2B{contact}&ApiVersion=2010-04-01"
    )
    return Callback("twilio", "POST", "/hooks/twilio", FORM, body.encode(), 200)


_TELNYX_RECEIPT: Final = (
    b'{"data":{"event_type":"message.%s","id":"%s","occurred_at":"%s.%03d+00:00","payload":'
    b'{"completed_at":null,"cost":{"amount":"0.0061","currency":"USD"},"direction":"outbound",'
    b'"encoding":"GSM-7","errors":[%s],"from":{"carrier":"Telnyx","line_type":"Wireless",'
    b'"phone_number":"%s"},"id":"%s","media":[],"parts":1,"record_type":"message","tags":[],'
    b'"text":"Table is booked!","to":[{"carrier":"EXAMPLE WIRELESS","line_type":"Wireless",'
    b'"phone_number":"+%d","status":"%s"}],"type":"SMS"},"record_type":"event"},'
    b'"meta":{"attempt":1,"delivered_to":"https://hooks.example.net/telnyx"}}'
)
_TELNYX_REPLY: Final = (
    b'{"data":{"event_type":"message.received","id":"%s","occurred_at":"%s.%03d+00:00","payload":'
    b'{"direction":"inbound","encoding":"GSM-7","errors":[],"from":{"carrier":"Example",'
    b'"line_type":"long_code","phone_number":"+%d"},"id":"%s","media":[],"parts":1,'
    b'"record_type":"message","sent_at":null,"tags":[],"text":%s,"to":[{"carrier":"Telnyx",'
    b'"line_type":"Wireless","phone_number":"%s","status":"webhook_delivered"}],"type":"SMS"},'
    b'"record_type":"event"},"meta":{"attempt":1}}'
)


def telnyx_receipt(to: int, sender: str, uuid: str, word: str, code: str, at_ms: int) -> Callback:
    """Telnyx's message.sent or message.finalized: nested JSON with a zoned time."""
    event = b"sent" if word == "sent" else b"finalized"
    second, millis = divmod(at_ms, 1_000)
    errors = b'{"code":"%s","title":"Undeliverable"}' % code.encode() if code else b""
    wire_id = uuid.encode()
    body = _TELNYX_RECEIPT % (
        event, b"e" + wire_id[1:], _second(second)[0], millis, errors, sender.encode(), wire_id,
        to, word.encode(),
    )  # fmt: skip
    return Callback("telnyx", "POST", "/hooks/telnyx", JSON, body, 200)


def telnyx_reply(contact: int, sender: str, uuid: str, text: str, at_ms: int) -> Callback:
    """Telnyx's message.received."""
    second, millis = divmod(at_ms, 1_000)
    wire_id = uuid.encode()
    body = _TELNYX_REPLY % (
        b"e" + wire_id[1:], _second(second)[0], millis, contact, wire_id, orjson.dumps(text),
        sender.encode(),
    )  # fmt: skip
    return Callback("telnyx", "POST", "/hooks/telnyx", JSON, body, 200)


def vonage_receipt(
    to: int, sender: str, wire_id: str, word: str, code: str, at_ms: int
) -> Callback:
    """Vonage's receipt: a GET query, or JSON by POST where the id ends in an even digit."""
    stamp = _second(at_ms // 1_000)[1]
    if wire_id[-1] in "02468":
        plain = stamp.replace("+", " ").replace("%3A", ":")
        body = (
            f'{{"err-code":"{code or 0}","message-timestamp":"{plain}","messageId":"{wire_id}",'
            f'"msisdn":"{to}","network-code":"99999","price":"0.08870000","status":"{word}",'
            f'"to":"{sender[1:]}"}}'
        )
        return Callback("vonage-sms", "POST", "/hooks/vonage-sms", JSON, body.encode(), 200)
    target = (
        f"/hooks/vonage-sms?msisdn={to}&to={sender[1:]}&network-code=99999&messageId={wire_id}"
        f"&price=0.08870000&status={word}&err-code={code or 0}&message-timestamp={stamp}"
    )
    return Callback("vonage-sms", "GET", target, "", b"", 200)


def vonage_reply(contact: int, sender: str, wire_id: str, text: str, at_ms: int) -> Callback:
    """Vonage's inbound message: a GET query."""
    target = (
        f"/hooks/vonage-sms?msisdn={contact}&to={sender[1:]}&messageId={wire_id}"
        f"&text={quote_plus(text)}&type=text&keyword=NONE"
        f"&message-timestamp={_second(at_ms // 1_000)[1]}"
    )
    return Callback("vonage-sms", "GET", target, "", b"", 200)


def kannel_receipt(
    to: int, sender: str, wire_id: str, word: str, code: str, at_ms: int
) -> Callback:
    """Kannel's dlr-url, expanded by `KANNEL_TEMPLATE`."""
    del code
    target = (
        f"/hooks/kannel?id={wire_id}&type={word}&from=%2B{to}&to=%2B{sender[1:]}"
        f"&ts={at_ms // 1_000}"
    )
    return Callback("kannel", "GET", target, "", b"", 200)


def kannel_reply(contact: int, sender: str, wire_id: str, text: str, at_ms: int) -> Callback:
    """Kannel's get-url, expanded by `KANNEL_TEMPLATE`."""
    target = (
        f"/hooks/kannel?from=%2B{contact}&to=%2B{sender[1:]}&text={quote_plus(text)}&id={wire_id}"
        f"&ts={at_ms // 1_000}"
    )
    return Callback("kannel", "GET", target, "", b"", 200)


def canonical(events: list[dict[str, object]]) -> Callback:
    """The project's own events, one JSON object a line."""
    body = b"\n".join(orjson.dumps(event) for event in events)
    return Callback("smstrack", "POST", "/events", NDJSON, body, 200)


RECEIPT: Final = {
    "twilio": twilio_receipt,
    "telnyx": telnyx_receipt,
    "vonage-sms": vonage_receipt,
    "kannel": kannel_receipt,
}
REPLY: Final = {
    "twilio": twilio_reply,
    "telnyx": telnyx_reply,
    "vonage-sms": vonage_reply,
    "kannel": kannel_reply,
}

"""What providers hear: each its own answer, and the handshakes before the first event."""

import orjson
import pytest
import trio
import trio.testing

import smstrack_core as sms

from fiction import number
from wire import exchange, form, request

JSON = "application/json"
TOPIC = "arn:aws:sns:us-east-1:123456789012:sms"
URL = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336"
TOKEN = "5f-A"
THEM, US = number(1)[1:], number(900)[1:]


def sns(kind: str = "SubscriptionConfirmation", topic: str = TOPIC, url: str = URL) -> bytes:
    body = orjson.dumps(
        {
            "Type": kind, "MessageId": "165545c9", "Token": "2336", "TopicArn": topic,
            "Message": "You have chosen to subscribe", "SubscribeURL": url,
            "Timestamp": "2026-05-04T15:30:00.000Z", "SignatureVersion": "2", "Signature": "x",
            "SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.pem",
        }
    )  # fmt: skip
    return request("POST", "/hooks/sns", body, "text/plain", X_Amz_Sns_Message_Type=kind)


EMPTY = (200, "", b"")
ANSWERS = [
    ("twilio receipt", form("/hooks/twilio", "MessageSid=SM1&MessageStatus=delivered"), EMPTY),
    (
        "twilio reply",
        form("/hooks/twilio", f"SmsStatus=received&MessageSid=S&From=%2B{THEM}&To=%2B{US}&Body=Y"),
        (200, "text/xml", b"<Response/>"),
    ),
    (
        "plivo reply",
        form("/hooks/plivo", f"MessageUUID=p&From={THEM}&To={US}&Text=Y&Type=sms"),
        (200, "text/xml", b"<Response/>"),
    ),
    (
        "jasmin receipt",
        form("/hooks/jasmin", "id=j1&level=2&message_status=DELIVRD&connector=c"),
        (200, "text/plain", b"ACK/Jasmin"),
    ),
    (
        "jasmin reply",
        form("/hooks/jasmin", f"id=j2&from={THEM}&to={US}&origin-connector=c&coding=0&content=Y"),
        (200, "text/plain", b"ACK/Jasmin"),
    ),
    (
        "kannel reply",
        request("GET", f"/hooks/kannel?id=k&from=%2B{THEM}&to=%2B{US}&text=Y&ts=1777800000"),
        EMPTY,
    ),
    (
        "kannel receipt",
        request("GET", f"/hooks/kannel?type=1&from=%2B{THEM}&to=%2B{US}&ref=k1"),
        EMPTY,
    ),
    (
        "mmg receipt",
        request("POST", "/hooks/mmg", orjson.dumps({"CID": "c", "reference": "r", "MSISDN": THEM,
                "status": "3", "deliverytime": "2026-05-04 15:30:00"}), JSON),
        (200, JSON, b'{"status":"ok"}'),
    ),
    (
        "mmg reply",
        request("POST", "/hooks/mmg", orjson.dumps({"ID": "i", "MSISDN": THEM, "Number": US,
                "Message": "Y", "DateRecieved": "2026-05-04 15:30:00"}), JSON),
        (200, "text/plain", b"RECEIVED"),
    ),
    (
        "playsms receipt",
        request("GET", "/hooks/playsms?id=p1&message_status=3"),
        (200, "text/plain", b"OK"),
    ),
    (
        "vonage receipt",
        form("/hooks/vonage", f"msisdn={THEM}&to={US}&messageId=v&status=delivered&err-code=0"),
        EMPTY,
    ),
    ("sns subscription", sns(), EMPTY),
    ("sns end of a subscription", sns("UnsubscribeConfirmation"), EMPTY),
    ("textmagic's question", request("HEAD", "/hooks/textmagic"), EMPTY),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "expected"), [row[1:] for row in ANSWERS],
                         ids=[row[0] for row in ANSWERS])  # fmt: skip
async def test_each_hears_its_own(
    engine: sms.Engine, sent: bytes, expected: tuple[int, str, bytes]
) -> None:
    async with sms.serve(engine) as server:
        [answer] = await exchange(server.port, sent)
    assert (answer.status, answer.headers.get("content-type", ""), answer.body) == expected
    assert engine.dead_letters() == []


async def test_event_grid_gets_its_code_back(engine: sms.Engine) -> None:
    asked = [
        {
            "id": "2d1781af", "topic": "t", "subject": "", "dataVersion": "1",
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "eventTime": "2026-05-04T15:30:00Z", "data": {"validationCode": '512"d'},
        }
    ]  # fmt: skip
    sent = request(
        "POST", "/hooks/azure", orjson.dumps(asked), JSON, Aeg_Event_Type="SubscriptionValidation"
    )
    async with sms.serve(engine) as server:
        [answer] = await exchange(server.port, sent)
    assert (answer.status, answer.headers["content-type"]) == (200, JSON)
    assert orjson.loads(answer.body) == {"validationResponse": '512"d'}
    assert (engine.dead_letters(), engine.stats()["position"]) == ([], 0)


async def test_cloud_events_are_let_in(engine: sms.Engine) -> None:
    asks = request("OPTIONS", "/hooks/azure", WebHook_Request_Origin="eventgrid.azure.net")
    async with sms.serve(engine) as server:
        [answer] = await exchange(server.port, asks)
        [other] = await exchange(server.port, asks.replace(b"azure ", b"twilio "))
    assert answer.status == 200
    assert answer.headers["webhook-allowed-origin"] == "eventgrid.azure.net"
    assert answer.headers["webhook-allowed-rate"] == "*"
    assert other.status == 405


async def test_ringcentral_gets_its_token_back(engine: sms.Engine) -> None:
    asks = request("POST", "/hooks/ringcentral", b"", JSON, Validation_Token=TOKEN)
    async with sms.serve(engine) as server:
        [answer] = await exchange(server.port, asks)
    assert (answer.status, answer.headers["validation-token"]) == (200, TOKEN)
    assert engine.dead_letters() == []


async def test_named_topics_are_confirmed_once_and_off_the_request_path(
    engine: sms.Engine,
) -> None:
    fetched: list[str] = []
    is_fetched = trio.Event()

    def fetch(url: str) -> None:
        fetched.append(url)
        trio.from_thread.run_sync(is_fetched.set)

    async with sms.serve(engine, confirm_topics=[TOPIC], confirm_subscription=fetch) as server:
        for sent in (
            sns("UnsubscribeConfirmation"),
            sns(topic=f"{TOPIC}2"),
            sns(url="https://sns.us-east-1.amazonaws.com.example.net/?a=1"),
            sns(url="http://sns.us-east-1.amazonaws.com/?a=1"),
            sns(),
        ):
            [answer] = await exchange(server.port, sent)
            assert answer.status == 200
        with trio.fail_after(30):
            await is_fetched.wait()
            await trio.testing.wait_all_tasks_blocked()
        assert server.stats()["confirmation_failures"] == 0
    assert fetched == [URL]


async def test_nothing_is_fetched_unless_a_topic_is_named(engine: sms.Engine) -> None:
    fetched: list[str] = []
    async with sms.serve(engine, confirm_subscription=fetched.append) as server:
        [answer] = await exchange(server.port, sns())
        assert "confirmations_done" not in server.stats()
    assert (answer.status, fetched) == (200, [])


def test_what_is_no_topic_is_refused() -> None:
    from smstrack_core.config import ServeSettings  # noqa: PLC0415 - only here

    with pytest.raises(sms.InputError) as refused:
        ServeSettings(confirm_topics=("https://example.net",))
    assert refused.value.code == "value_invalid"

"""The border keeps its contract: types, errors, buffers, threads."""

import threading
from pathlib import Path

import pytest

import smstrack_core as sms

from fiction import number, numbers


@pytest.mark.parametrize("body", [bytearray(b"a=1"), memoryview(b"a=1"), "a=1", None, 1])
def test_only_bytes_go_in(engine: sms.Engine, body: object) -> None:
    with pytest.raises(TypeError):
        engine.core.begin("twilio", [body], received_ms=0)  # type: ignore[list-item]


def test_errors_say_who_must_act_and_have_a_code(engine: sms.Engine, tmp_path: Path) -> None:
    with pytest.raises(sms.InputError, match="spring") as unknown:
        engine.report("spring")
    assert unknown.value.code == "unknown_name"
    assert isinstance(unknown.value, sms.SmstrackError | ValueError)
    with pytest.raises(sms.InputError) as unread:
        engine.segment("suppressed &")
    assert unread.value.code == "query_invalid"
    with pytest.raises(sms.StorageError, match="One engine per directory") as locked:
        sms.open(tmp_path / "data")
    assert locked.value.code == "already_open"
    assert isinstance(locked.value, OSError)
    with pytest.raises(sms.StorageError):
        sms.open(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


def test_a_closed_engine_says_so(tmp_path: Path) -> None:
    engine = sms.open(tmp_path / "data")
    engine.close()
    engine.close()
    with pytest.raises(sms.ClosedError) as caught:
        engine.campaign("spring")
    assert caught.value.code == "closed"


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_a_newer_format_is_one_clear_line(tmp_path: Path) -> None:
    with sms.open(tmp_path) as engine:
        engine.campaign("spring")
    [file] = (tmp_path / "log").iterdir()
    raw = bytearray(file.read_bytes())
    # The file's head: 8 bytes magic, format, 16 identity, 8 first position, checksum of these.
    assert int.from_bytes(raw[36:40], "little") == crc32c(bytes(raw[:36]))
    raw[8:12] = (4).to_bytes(4, "little")
    raw[36:40] = crc32c(bytes(raw[:36])).to_bytes(4, "little")
    file.write_bytes(raw)
    with pytest.raises(sms.StorageError, match=r"format 4.*Upgrade smstrack") as caught:
        sms.open(tmp_path)
    assert caught.value.code == "format_unsupported"
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == raw, "nothing was changed"


def test_a_batch_is_used_once(engine: sms.Engine) -> None:
    batch = engine.core.begin("twilio", [b"MessageSid=SM1&MessageStatus=sent"], received_ms=0)
    engine.core.commit(batch)
    with pytest.raises((sms.InputError, sms.SmstrackError)):
        engine.core.commit(batch)


def test_labels_must_fit_the_replies(engine: sms.Engine) -> None:
    body = f"SmsStatus=received&MessageSid=SM1&From=%2B{number(1)[1:]}&To=%2B1&Body=hi".encode()
    batch = engine.core.begin("twilio", [body], received_ms=0)
    assert batch.reply_texts() == ["hi"]
    with pytest.raises(sms.InputError):
        engine.core.commit(batch, b"\0")
    assert engine.core.count("contacts") == 0


def test_requests_show_what_they_were_made_of() -> None:
    request = sms.Request("POST", "/hooks/twilio?a=1", {"Content-Type": "x"}, b"a=1")
    assert (request.method, request.target, request.body) == ("POST", "/hooks/twilio?a=1", b"a=1")
    assert [(name.lower(), value) for name, value in request.headers] == [("content-type", "x")]
    with pytest.raises(AttributeError):
        request.body = b""  # type: ignore[misc]


def test_many_threads_may_use_one_engine(engine: sms.Engine) -> None:
    spring = engine.campaign("spring")
    blast = spring.blast("b1", audience=numbers(0, 400))
    blast.sent([(number(i), f"SM{i}") for i in range(400)], provider="twilio")
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for i in range(first, 400, 8):
                body = f"MessageSid=SM{i}&MessageStatus=delivered".encode()
                engine.ingest("twilio", [body])
                assert number(i) in spring.delivered
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(spring.delivered) == 400


def test_no_number_and_no_text_in_any_error(engine: sms.Engine) -> None:
    canary, words = number(55_555), "purple-canary"
    body = f"SmsStatus=received&MessageSid=SM1&From={canary}x&To=%2B1&Body={words}%ZZ".encode()
    said = [repr(engine.ingest("twilio", [body]))]
    for action in (
        lambda: engine.ingest("pigeon", [body]),
        lambda: engine.campaign("x" * 200),
        lambda: sms.decode("twilio", sms.Request("POST", "/", (), body)),
    ):
        with pytest.raises(sms.SmstrackError) as caught:
            action()
        said.append(str(caught.value))
    text = " ".join(said)
    assert words not in text
    assert canary[1:] not in text

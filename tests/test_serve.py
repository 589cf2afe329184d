"""The ingest door in a Trio program, over real sockets."""

import shutil
from pathlib import Path
from threading import Event

import orjson
import pytest
import trio

import smstrack_core as sms
from smstrack_core.config import ServeSettings

from fiction import number, numbers
from wire import exchange, form, read_answers, request

SENDER = "+999000000011"
LABELLED = f"SmsStatus=received&To=%2B{SENDER[1:]}&From=%2B{number(1)[1:]}"


def register(engine: sms.Engine, count: int) -> sms.Campaign:
    spring = engine.campaign("spring")
    blast = spring.blast("b1", sender=SENDER, audience=numbers(0, count))
    blast.sent([(number(i), f"SM{i}") for i in range(count)], provider="twilio")
    return spring


def delivered(i: int) -> bytes:
    return form("/hooks/twilio", f"MessageSid=SM{i}&MessageStatus=delivered")


async def test_what_is_answered_is_in_the_next_query(engine: sms.Engine) -> None:
    spring = register(engine, 10)
    async with sms.serve(engine) as server:
        for i in range(10):
            [answer] = await exchange(server.port, delivered(i))
            assert 200 <= answer.status < 300
            assert len(spring.delivered) == i + 1
    assert server.address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.port}"


async def test_pipelined_requests_are_answered_in_order(engine: sms.Engine) -> None:
    spring = register(engine, 200)
    batch = b"".join(delivered(i) for i in range(200)) + request("POST", "/hooks/pigeon", b"x")
    async with sms.serve(engine) as server:
        answers = await exchange(server.port, batch, 201)
    assert [answer.status // 100 for answer in answers] == [2] * 200 + [4]
    assert len(spring.delivered) == 200


async def test_replies_are_labelled_before_they_are_answered(engine: sms.Engine) -> None:
    spring = register(engine, 3)
    async with sms.serve(engine) as server:
        [answer] = await exchange(
            server.port, form("/hooks/twilio", f"{LABELLED}&MessageSid=SMa&Body=STOP")
        )
        assert 200 <= answer.status < 300
        assert spring.replied_with("stop").numbers() == [number(1)]
        assert number(1) in engine.suppressed


async def test_campaign_and_blast_may_stand_in_the_url(engine: sms.Engine) -> None:
    spring = engine.campaign("spring")
    blast = spring.blast("b1", audience=numbers(0, 3))
    body = f"MessageSid=SMnew&MessageStatus=delivered&To=%2B{number(2)[1:]}"
    async with sms.serve(engine) as server:
        await exchange(server.port, form("/hooks/twilio/AC1?campaign=spring&blast=b1", body))
    assert blast.delivered.numbers() == [number(2)]


async def test_operators_parameter_names_come_from_templates(engine: sms.Engine) -> None:
    spring = engine.campaign("spring")
    spring.blast("b1", audience=[number(0)]).sent([(number(0), "k1")], provider="kannel")
    templates = {"kannel": {"myid": "message_id", "what": "dlr"}}
    async with sms.serve(engine, templates=templates) as server:
        [answer] = await exchange(server.port, request("GET", "/hooks/kannel?myid=k1&what=1"))
    assert 200 <= answer.status < 300
    assert len(spring.delivered) == 1


async def test_a_chunked_body_and_an_expectation_are_met(engine: sms.Engine) -> None:
    spring = register(engine, 2)
    body = b"MessageSid=SM0&MessageStatus=delivered"
    head = request(
        "POST", "/hooks/twilio", b"", "application/x-www-form-urlencoded",
        Transfer_Encoding="chunked", Expect="100-continue",
    ).replace(b"Content-Length: 0\r\n", b"")  # fmt: skip
    async with sms.serve(engine) as server:
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        async with stream:
            await stream.send_all(head)
            assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 100")
            half = len(body) // 2
            for part in (body[:half], body[half:], b""):
                await stream.send_all(b"%x\r\n%s\r\n" % (len(part), part))
            [answer] = await read_answers(stream, 1)
    assert 200 <= answer.status < 300
    assert len(spring.delivered) == 1


async def test_leaving_the_body_answers_what_was_read(engine: sms.Engine) -> None:
    """Nothing accepted is lost and no answer is cut in half, however the body ends."""
    spring = register(engine, 60)
    answered = 0
    for round_ in range(6):
        async with sms.serve(engine, grace_s=5) as server:
            stream = await trio.open_tcp_stream("127.0.0.1", server.port)
            first = round_ * 10
            await stream.send_all(b"".join(delivered(i) for i in range(first, first + 10)))
            await read_answers(stream, 1)
        async with stream:
            rest = b""
            while received := await stream.receive_some(65_536):
                rest += received
        assert rest.count(b"HTTP/1.1 2") == rest.count(b"\r\n\r\n")
        answered += 1 + rest.count(b"HTTP/1.1 2")
    assert answered <= len(spring.delivered) <= 60


async def test_a_cancelled_program_stops_in_order(engine: sms.Engine) -> None:
    spring = register(engine, 1)
    with trio.CancelScope() as scope:
        async with sms.serve(engine, grace_s=5) as server:
            [answer] = await exchange(server.port, delivered(0))
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert 200 <= answer.status < 300
    assert len(spring.delivered) == 1
    with pytest.raises(OSError, match=r"refused|connect"):
        await exchange(server.port, delivered(0))


async def test_an_error_of_the_body_comes_out_as_it_is(engine: sms.Engine) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(ZeroDivisionError)):
        async with sms.serve(engine):
            _ = 1 / 0


async def test_two_doors_may_serve_one_engine(engine: sms.Engine) -> None:
    spring = register(engine, 2)
    async with sms.serve(engine) as one, sms.serve(engine) as two:
        assert one.port != two.port
        await exchange(one.port, delivered(0))
        await exchange(two.port, delivered(1))
    assert len(spring.delivered) == 2


async def test_a_taken_port_is_one_clear_line(engine: sms.Engine) -> None:
    async with sms.serve(engine) as server:
        with pytest.raises(sms.StorageError) as caught:
            async with sms.serve(engine, port=server.port):
                pass
    assert "\n" not in str(caught.value)


async def test_snapshots_are_taken_while_serving(engine: sms.Engine) -> None:
    register(engine, 50)
    async with sms.serve(engine, snapshot_every_s=0.01, snapshot_every_records=1) as server:
        with trio.fail_after(30):
            while not engine.stats().get("snapshot_position"):
                await exchange(server.port, delivered(0))
                await exchange(server.port, delivered(1))


async def test_many_connections_at_once(engine: sms.Engine) -> None:
    spring = register(engine, 400)
    statuses: list[int] = []

    async def one(port: int, first: int) -> None:
        data = b"".join(delivered(i) for i in range(first, first + 10))
        statuses.extend(answer.status for answer in await exchange(port, data, 10))

    async with sms.serve(engine) as server:
        async with trio.open_nursery() as nursery:
            for first in range(0, 400, 10):
                nursery.start_soon(one, server.port, first)
        stats = server.stats()
    assert len(statuses) == 400
    assert all(200 <= status < 300 for status in statuses)
    assert len(spring.delivered) == 400
    assert stats["requests"] == 400


async def test_no_number_and_no_text_in_the_doors_figures(engine: sms.Engine) -> None:
    async with sms.serve(engine) as server:
        await exchange(server.port, form("/hooks/twilio", f"{LABELLED}&MessageSid=S&Body=canary"))
        text = orjson.dumps([server.stats(), engine.stats()]).decode()
    assert number(1)[1:] not in text
    assert "canary" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [("host", ""), ("port", -1), ("port", 65_536), ("grace_s", 0), ("snapshot_every_s", -1)],
)
def test_settings_are_checked_once_at_the_start(name: str, value: object) -> None:
    with pytest.raises(sms.InputError) as caught:
        ServeSettings(**{name: value})  # type: ignore[arg-type]
    assert caught.value.code == "value_invalid"


async def test_a_snapshot_that_fails_is_counted_and_tried_again(
    engine: sms.Engine, tmp_path: Path
) -> None:
    spring = register(engine, 10)
    snapshots = tmp_path / "data" / "snapshots"
    shutil.rmtree(snapshots, ignore_errors=True)
    snapshots.write_bytes(b"")
    async with sms.serve(engine, snapshot_every_s=0.01, snapshot_every_records=1) as server:
        while server.stats()["snapshot_failures"] < 2:  # noqa: ASYNC110 - a timer's work, no event
            await trio.sleep(0.01)
        assert server.stats()["snapshot_error"] == "io_failed"
        [answer] = await exchange(server.port, delivered(1))
        assert 200 <= answer.status < 300, "a failed snapshot must not close the door"
        assert len(spring.delivered) == 1
        snapshots.unlink()
        snapshots.mkdir()
        while server.stats()["snapshot_error"] is not None:  # noqa: ASYNC110 - as above
            await trio.sleep(0.01)
    assert engine.stats()["snapshot_position"]


async def test_a_server_that_stops_gives_up_the_snapshot_under_way(
    engine: sms.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot of a large state takes minutes; whoever stops a server has seconds."""
    register(engine, 10)
    began, stopped = Event(), Event()

    def endless(_: sms.Engine) -> None:
        began.set()
        assert stopped.wait(60)
        raise sms.StorageError("snapshot_stopped", "stopped")

    def stop(_: sms.Engine) -> None:
        stopped.set()

    monkeypatch.setattr(sms.Engine, "snapshot", endless)
    monkeypatch.setattr(sms.Engine, "stop_snapshot", stop)
    with trio.fail_after(20):
        async with sms.serve(engine, snapshot_every_s=0.01, snapshot_every_records=1):
            await trio.to_thread.run_sync(began.wait, 10)
    assert began.is_set()

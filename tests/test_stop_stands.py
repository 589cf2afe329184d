"""A STOP over HTTP, end to end: suppressed on the next line, after kill -9, and until an opt-in."""

from pathlib import Path
from urllib.parse import quote

import pytest
import trio

import smstrack_core as sms
from smstrack_core.demo.process import ServerProcess
from smstrack_core.replies.judge import Judge
from smstrack_core.replies.label import failures

from fiction import number, numbers
from wire import exchange, form

SENDER = "+999000000011"


def reply(index: int, who: int, text: str) -> bytes:
    sides = f"SmsStatus=received&To=%2B{SENDER[1:]}&From=%2B{number(who)[1:]}"
    return form("/hooks/twilio", f"{sides}&MessageSid=SM{index}&Body={quote(text)}")


def register(engine: sms.Engine) -> None:
    engine.campaign("spring").blast("b1", sender=SENDER, audience=numbers(0, 10))


@pytest.mark.slow
async def test_a_stop_stands_after_a_kill(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with sms.open(directory) as engine:
        register(engine)
    words = ["STOP", "take me off this list pls", "ya no me manden mensajes", "別再發了", "see you"]
    server = await ServerProcess.start(directory)
    for who, text in enumerate(words):
        [answer] = await exchange(server.port, reply(who, who, text))
        assert answer.status // 100 == 2
    await server.kill()
    with sms.open(directory) as engine:
        assert set(engine.suppressed) == {number(who) for who in range(4)}
        assert engine.explain(number(0)).suppressed


async def _say(port: int, index: int, who: int, text: str) -> None:
    # Stop wins a tie: two texts of one millisecond are one.
    await trio.sleep(0.002)
    [answer] = await exchange(port, reply(index, who, text))
    assert answer.status // 100 == 2


async def test_only_an_opt_in_ends_it_and_only_of_whom_is_believed(engine: sms.Engine) -> None:
    register(engine)
    believed = {"sources": {"twilio": {"allow": ["127.0.0.0/8"]}}}
    async with sms.serve(engine, verify=believed) as server:
        for who in range(5):
            await _say(server.port, who, who, "STOP")
        for index, text in enumerate(["yes", "ok thanks", "don't stop lol", "sí", "what time?"]):
            await _say(server.port, 10 + index, index, text)
        assert set(engine.suppressed) == {number(who) for who in range(5)}
        await _say(server.port, 20, 0, "START")
        await _say(server.port, 21, 1, "Please put me back on the list")
        await _say(server.port, 22, 2, "START of the sale?")
        await _say(server.port, 23, 3, "I never said START")
        assert set(engine.suppressed) == {number(who) for who in (2, 3, 4)}
    async with sms.serve(engine) as server:  # nobody is believed
        await _say(server.port, 30, 4, "START")
    assert number(4) in engine.suppressed


async def test_likely_opt_outs_suppress_and_are_listed(engine: sms.Engine) -> None:
    register(engine)
    async with sms.serve(engine) as server:
        await _say(server.port, 1, 1, "One more text and I am reporting you to the FCC")
        await _say(server.port, 2, 2, "STOP")
    assert set(engine.suppressed) == {number(1), number(2)}
    assert [row["grade"] for row in engine.reviews()] == ["likely"]
    assert engine.relabel(apply=True).replies == 0
    assert set(engine.suppressed) == {number(1), number(2)}


async def test_keywords_stand_when_the_rules_fail(
    engine: sms.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that fails costs its reply the labels, is counted, and never loses a keyword."""
    register(engine)

    def fail(*_: object) -> None:
        raise RuntimeError("a rule failed")

    before = failures.count
    async with sms.serve(engine) as server:
        monkeypatch.setattr(Judge, "judge", fail)
        await _say(server.port, 1, 1, "Stop please")
        await _say(server.port, 2, 2, "take me off this list")
    assert failures.count == before + 2
    assert set(engine.suppressed) == {number(1)}
    assert number(2) in engine.segment("spring.replied:other")

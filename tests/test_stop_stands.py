"""A STOP over HTTP, end to end: suppressed on the next line, after kill -9, and until an opt-in."""

from collections.abc import Callable
from pathlib import Path
from time import sleep, thread_time
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import quote

import pytest
import trio

import smstrack_core as sms
from smstrack_core.demo.process import ServerProcess
from smstrack_core.replies.judge import Judge
from smstrack_core.replies.label import failures, standard
from smstrack_core.replies.limits import JUDGE_CPU_S
from smstrack_core.replies.matcher import Matcher, default_cache
from smstrack_core.replies.rules import built_in

from fiction import number, numbers
from wire import exchange, form

if TYPE_CHECKING:
    from smstrack_core._core import Classifier

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


@pytest.mark.parametrize(
    "text",
    [
        "I sent stop last year now you people put me right back",
        "I hit stop last time, you guys opt me back in every time",
        "I unsubscribed by mistake? No way! Whoever put me back on is in trouble",
        "I didn't mean to cancel my appointment, can you put me back on Tuesday",
        "you have zero permission to text me",
        "you have my permission to text me never",
        "I agree to get texts? Since when?",
        "I'd love to receive your text messages NOT",
        "Please restart my texts never again",
        "I turned off the alerts. Don't you dare turn them back on",
        "put me on the remove list",
        "Was about to unsubscribe til I saw it's for the shelter. Sign me up to walk dogs",
        "I would like to get the gate code by sms",
        "take me off the 9am, add me to the 11",
        "So you just put me back on your text list again",
        "You may text me again when hell freezes",
        "Party of 4, put me on the list",
        "Every time I opt out you go ahead and put me back on the text list",
        "Don't you dare, ever, start texting me again",
        "Oops I meant to say stop to your texts, please undo it",
        "Please put me back on the DNC list",
        "I accidentally stopped my prescription, can you restart it",
        "случайно нажал оплату, верните обратно",
        "me gustaban más antes que me reactivan",
        "отмените рассылку",
        "запишите меня снова на стрижку",
        "por qué me reactivan",
        "Suscribirme no",
        "beni tekrar listeye eklemeyin",
        "谁把我加回群发名单了",
        "配信通知再開して欲しくない",
        "저도 환불 받고 싶어요",
        "ليش رجعوني",
        "mera net wapas chalu karo",
        "inscrivez-moi sur la liste d'attente",
        "Samstag passt, trag mich ein",
        "remettez moi sur la liste et je vous attaque",
        "zet me weer op de lijst en ik doe aangifte",
        "mi iscrivete alla newsletter senza permesso",
        "reativem e eu processo",
        "nie zapiszcie mnie na smsy",
        "sao lại cho tôi vào danh sách khuyến mãi",
        "ibalik nyo ko sa listahan idedemanda ko kayo",
        "ki moun ki mete m sou lis la",
        "meld meg på igjen til trening",
    ],
)
def test_words_of_an_opt_in_that_are_none(text: str) -> None:
    """Whoever is opted in by mistake gets what the law forbids."""
    assert "opt_in" not in standard().judge(text).labels


@pytest.mark.parametrize(("score", "is_believed"), [(0.0, True), (0.99, False)])
def test_an_opt_in_that_the_model_doubts_is_none(score: float, *, is_believed: bool) -> None:
    class Sure(NamedTuple):
        """A model of one opinion."""

        value: float

        def score(self, _: bytes) -> float:
            return self.value

    matcher = Matcher(built_in().rules, default_cache())
    judge = Judge([matcher], None, cast("Classifier", Sure(score)))
    for text in ("please turn my alerts back on", "sign me up"):
        found = judge.judge(text)
        assert ("opt_in" in found.labels) == is_believed, text
        assert ("model:doubts" in found.rules) != is_believed


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


async def test_keywords_stand_when_the_rules_are_too_slow(
    engine: sms.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule without an end costs its reply the labels, is counted, and never loses a keyword."""
    register(engine)
    before = failures.count
    async with sms.serve(engine) as server:
        monkeypatch.setattr(Matcher, "scan", Slow(times=99))
        await _say(server.port, 1, 1, "Stop, it is enough for today")
        await _say(server.port, 2, 2, "take me off this list today")
        assert failures.count == before + 2
        assert server.stats()["replies_not_judged"] == before + 2
        monkeypatch.undo()
        await _say(server.port, 3, 3, "take me off this list today")
    assert set(engine.suppressed) == {number(1), number(3)}
    assert number(2) in engine.segment("spring.replied:other")
    # What the slow rule lost is found once it is gone.
    assert engine.relabel(apply=True).replies > 0
    assert set(engine.suppressed) == {number(1), number(2), number(3)}


def test_a_slow_reply_is_asked_twice_and_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once may be the machine. Whoever waits behind a slow reply comes next, not eight later."""
    before = failures.count
    judge = standard()  # its own trials of the rules come first, and are not slow
    slow = Slow(times=1)
    monkeypatch.setattr(Matcher, "scan", slow)
    texts = ["take me off this list tomorrow", "what time do you open tomorrow"]
    found = list[str]()
    slices = judge.slices(texts, lambda one: found.append(one.labels[0]))
    ways = [len(found) for _ in slices]
    assert found == ["opt_out", "question"]
    assert (failures.count, slow.times) == (before, 0)
    assert ways[:1] == [1]


def test_waiting_is_no_rules_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only CPU counts: a machine that sleeps or is busy with others loses no opt-out."""
    before = failures.count
    judge = standard()
    slow = Slow(times=1, work=lambda: sleep(2 * JUDGE_CPU_S))
    monkeypatch.setattr(Matcher, "scan", slow)
    assert judge.judge_or_raise("take me off this list on monday").labels == ("opt_out",)
    assert (failures.count, slow.scans) == (before, 1), "judged once, and not again"


def _work() -> None:
    ends = thread_time() + 2 * JUDGE_CPU_S
    while thread_time() < ends:
        pass


class Slow:
    """A scan that takes long, so many times; then it finds what it should."""

    def __init__(self, times: int, work: Callable[[], None] = _work) -> None:
        self.times = times
        self.scans = 0
        self._work = work
        self._scan = Matcher.scan

    def __get__(self, matcher: Matcher, _: object) -> Callable[[bytes], list[int]]:
        return lambda text: self._slowly(matcher, text)

    def _slowly(self, matcher: Matcher, text: bytes) -> list[int]:
        self.scans += 1
        if self.times:
            self.times -= 1
            self._work()
        return self._scan(matcher, text)

"""The commands about consent, as a newcomer types them."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import smstrack_core as sms
from smstrack_core.cli.app import app
from smstrack_core.replies import Labelled
from smstrack_core.replies.judge import Judge
from smstrack_core.replies.label import Labeller

from fiction import number, numbers

NOW_MS = 1_780_000_000_000
SENDER = "+999000000011"

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    with sms.open(path, durable=False) as engine:
        engine.campaign("spring").blast(
            "b1", sender=SENDER, audience=numbers(0, 9), at="2026-05-28T00:00:00Z"
        )
        texts = ["STOP", "is there parking?", "yes\x1b[2J", "START"]
        lines = [
            json.dumps({"kind": "reply", "contact": number(index), "sender": SENDER, "text": text})
            for index, text in enumerate(texts)
        ]
        engine.ingest("smstrack", ["\n".join(lines).encode()], received_ms=NOW_MS)
    return path


@pytest.fixture
def run(data: Path) -> Run:
    def run(*words: str, code: int = 0, given: str | None = None) -> Result:
        words = tuple(str(data) if word == "DIR" else word for word in words)
        result = CliRunner().invoke(app, words, input=given)
        assert result.exit_code == code, result.output
        return result

    return run


def test_explain(run: Run) -> None:
    shown = run("explain", "DIR", number(0)).stdout
    assert shown.startswith("suppressed, decided at position")
    assert "opted out by reply (certain, " in shown
    assert "STOP" not in shown
    assert number(0)[1:] not in shown
    assert "said 'STOP'" in run("explain", "DIR", number(0), "--wording").stdout
    found = json.loads(run("explain", "DIR", number(0), "--json", "--numbers").stdout)
    assert (found["suppressed"], found["facts"][0]["number"]) == (True, number(0))
    early = run("explain", "DIR", number(0), "--at", "2026-01-01T00:00:00Z").stdout
    assert early.strip() == "not suppressed: no word about consent is known"
    assert "no word" in run("explain", "DIR", number(5)).stdout


def test_consent_export_and_trend(run: Run, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in run("consent", "export", "DIR").stdout.splitlines()]
    assert [row["opted"] for row in rows] == ["out", "in"]
    assert not {"number", "wording"} & rows[0].keys()
    file = tmp_path / "out.csv"
    run("consent", "export", "DIR", str(file), "--format", "csv", "--numbers", "--wording")
    assert number(0) in file.read_text()
    shown = run("consent", "trend", "DIR", "spring", "--by", "day").stdout
    assert shown.splitlines()[-1].split() == ["2026-05-28", "1", "1", "0"]
    found = json.loads(run("consent", "trend", "DIR", "--json").stdout)
    assert found["rows"] == [
        {"start": "2026-05-25", "opted_out": 1, "opted_in": 1, "wrong_number": 0}
    ]


def test_consent_record(run: Run) -> None:
    lines = f"{number(0)}\n{number(1)}\n"
    words = ["consent", "record", "DIR", "-", "--source", "till 4"]
    run(*words, "--opted", "in", given=lines)
    assert "not suppressed" in run("explain", "DIR", number(0)).stdout
    run(*words, "--reassigned", given=lines)
    assert "decides" in run("explain", "DIR", number(1)).stdout
    refused = run(*words, "--opted", "out", given=f"Anna\nnonsense\n{number(2)}\n", code=1)
    assert "row 2: not_a_number" in refused.stderr
    run(*words, code=2, given="")
    run(*words, "--opted", "in", "--reassigned", code=2, given="")


def test_replies(run: Run) -> None:
    shown = run("replies", "DIR", "spring").stdout
    assert "[question]  is there parking?  contact 1" in shown
    assert "\x1b" not in shown
    assert number(1) in run("replies", "DIR", "--label", "question", "--numbers").stdout
    first = run("replies", "DIR", "--limit", "1")
    assert "more: --after" in first.stderr
    rows = run("replies", "DIR", "spring", "--contains", "PARK", "--json").stdout.splitlines()
    assert [json.loads(row)["text"] for row in rows] == ["is there parking?"]


def test_reviews_and_relabel(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "0 to review" in run("reviews", "DIR").stderr
    assert "0 of 4 replies would change" in run("relabel", "DIR", "--dry-run").stdout
    chosen = Labeller(_Likely())
    monkeypatch.setattr("smstrack_core.consent.judging.standard", lambda: chosen)
    shown = run("relabel", "DIR", "--dry-run").stdout
    assert "suppressed" in shown
    assert "enter         3" in shown
    assert "0 to review" in run("reviews", "DIR").stderr
    found = json.loads(run("relabel", "DIR", "--apply", "--campaign", "spring", "--json").stdout)
    assert found["applied"]
    assert found["campaigns"]["spring"]["suppressed"]["enter"]["contacts"] == 3
    rows = [json.loads(line) for line in run("reviews", "DIR", "--json").stdout.splitlines()]
    assert len(rows) == 3
    position = str(rows[0]["position"])
    assert "now not suppressed" in run("reviews", "DIR", "--overturn", position).stdout
    run("reviews", "DIR", "--overturn", position, "--confirm", position, code=2)
    run("relabel", "DIR", code=2)
    run("relabel", "DIR", "--dry-run", "--apply", code=2)


class _Likely(Judge):
    def __init__(self) -> None:
        super().__init__([])

    def judge(self, text: str, sent: Iterable[str] = ()) -> Labelled:
        del text, sent
        return Labelled(("opt_out",), "likely", "en", ("made-up",))


def test_help_is_a_page_for_a_newcomer(run: Run) -> None:
    for words in (["explain"], ["reviews"], ["replies"], ["relabel"], ["consent", "export"],
                  ["consent", "trend"], ["consent", "record"]):  # fmt: skip
        assert "smstrack" in run(*words, "--help").stdout

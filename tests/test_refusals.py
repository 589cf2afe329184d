"""What is refused leaves nothing behind, and what is closed answers nothing."""

from pathlib import Path

import pytest

import smstrack_core as sms

from fiction import number


def test_a_closed_engine_answers_nothing(tmp_path: Path) -> None:
    """A closed engine once went on answering from what it had read, without the STOPs since."""
    engine = sms.open(tmp_path / "data")
    spring = engine.campaign("spring")
    spring.blast("b1", audience=[number(0)])
    segment = spring.audience
    assert len(segment) == 1
    engine.close()
    with pytest.raises(sms.ClosedError):
        len(segment)
    with pytest.raises(sms.ClosedError):
        engine.stats()
    with pytest.raises(sms.ClosedError):
        segment.export(tmp_path / "stale.csv")
    assert not (tmp_path / "stale.csv").exists()


def test_a_refused_directory_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(sms.InputError):
        sms.open(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]


def test_a_clock_ahead_cannot_silence_a_stop(engine: sms.Engine) -> None:
    """A START dated 2999 once made every later STOP the older word."""
    start = (
        f'{{"kind":"optout","event_id":"z","contact":"{number(0)}","state":"start",'
        '"occurred_at":"2999-01-01T00:00:00Z"}'
    )
    engine.ingest("smstrack", [start.encode()], received_ms=1_000_000_000_000)
    stop = f"MessageSid=r1&From=%2B{number(0)[1:]}&To=%2B15550001&Body=STOP&SmsStatus=received"
    engine.ingest("twilio", [stop.encode()], received_ms=1_000_000_000_001)
    assert number(0) in engine.suppressed


def test_refused_rows_do_not_shut_out_their_neighbours(engine: sms.Engine) -> None:
    """Each empty row was once a record with all names in it: seven such bodies beat a frame."""
    hostile = b'{"results":[' + b",".join([b"{}"] * 80_000) + b"]}"
    done = engine.ingest("infobip", [hostile] * 8, account="x" * 128)
    assert (done.accepted, done.rejected) == (0, 640_000)
    assert engine.ingest("twilio", [b"MessageSid=SM1&MessageStatus=sent"]).accepted == 1

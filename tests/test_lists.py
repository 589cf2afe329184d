"""Lists as people really hold them: one bare number, holes, integers, half characters."""

from pathlib import Path
from typing import Any

import pytest

import smstrack_core as sms

from fiction import number, numbers

LOOKS_LIKE_A_NUMBER = "+1 202-555-0101"


def test_one_bare_number_is_one_number(engine: sms.Engine) -> None:
    assert engine.suppress(number(1), at="2026-01-01T00:00:00Z") == sms.Registered(1, [])
    assert engine.suppressed.numbers() == [number(1)]
    assert engine.unsuppress(number(1)).rejects == []
    assert engine.suppressed.numbers() == []


@pytest.mark.parametrize("audience", [LOOKS_LIKE_A_NUMBER, number(1)])
def test_an_audience_of_one_number_is_refused_without_naming_it(
    engine: sms.Engine, audience: str
) -> None:
    with pytest.raises(sms.InputError, match="give a list of numbers or a path") as caught:
        engine.campaign("spring").blast("b1", audience=audience)
    assert "999" not in str(caught.value)
    assert "202" not in str(caught.value)


def test_bytes_are_not_a_list_of_numbers(engine: sms.Engine) -> None:
    with pytest.raises(sms.InputError, match="give a list of numbers"):
        engine.suppress(number(1).encode())  # type: ignore[arg-type]
    with pytest.raises(sms.InputError, match="give a list of numbers"):
        engine.campaign("spring").blast("b1", audience=number(1).encode())  # type: ignore[arg-type]


def test_a_missing_file_is_named(engine: sms.Engine, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"people\.csv"):
        engine.campaign("spring").blast("b1", audience=tmp_path / "people.csv")


def test_rows_that_are_no_text_are_refused_one_by_one(engine: sms.Engine) -> None:
    rows: list[Any] = [number(1), None, int(number(2)), b"+999", 1.5, "\ud800", True, 10**5_000]
    wrong = [(row, "wrong_type") for row in (1, 3, 4, 5, 6, 7)]
    blast = engine.campaign("spring").blast("b1", audience=rows)
    assert blast.audience.numbers() == numbers(1, 3)
    assert blast.rejects == wrong
    assert engine.suppress(rows) == sms.Registered(2, wrong)


def test_messages_that_are_no_pairs_of_text_are_refused_one_by_one(engine: sms.Engine) -> None:
    blast = engine.campaign("spring").blast("b1")
    rows: list[Any] = [
        (number(1), "SM1"), (number(2), None), (None, "SM3"), (number(4),), None,
        (number(5), "\udfff"), (int(number(6)), 7), ("x", "SM8"),
    ]  # fmt: skip
    done = blast.sent(rows, provider="twilio")
    assert done.added == 2
    assert [row for row, _ in done.rejects] == [1, 2, 3, 4, 5, 7]
    assert {code for row, code in done.rejects if row < 7} == {"wrong_type"}
    assert blast.set("sent").numbers() == [number(1), number(6)]

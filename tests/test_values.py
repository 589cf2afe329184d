from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

import smstrack_core as sms
from smstrack_core.values import format_money, format_time, parse_money, parse_time_ms


@pytest.mark.parametrize(
    ("written", "micros", "currency"),
    [
        ("412.50 USD", 412_500_000, "USD"),
        ("0 EUR", 0, "EUR"),
        ("0.000001 GBP", 1, "GBP"),
        ("7JPY", 7_000_000, "JPY"),
        (" 12.3 CHF ", 12_300_000, "CHF"),
    ],
)
def test_money_is_read_to_the_millionth(written: str, micros: int, currency: str) -> None:
    assert parse_money(written) == (micros, currency)


@pytest.mark.parametrize(
    "written", ["", "USD", "412.50", "1,000 USD", "-1 USD", "1 usd", "1e3 USD"]
)
def test_what_is_not_money_is_refused(written: str) -> None:
    with pytest.raises(sms.InputError, match=r"412\.50 USD") as caught:
        parse_money(written)
    assert caught.value.code == "value_invalid"


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-01T18:00:00Z",
        "2026-12-01T19:00:00+01:00",
        datetime(2026, 12, 1, 18, tzinfo=UTC),
        datetime(2026, 12, 1, 13, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_the_same_moment_however_written(written: str | datetime) -> None:
    assert parse_time_ms(written, "closes_at") == 1_796_148_000_000


@pytest.mark.parametrize(
    "written",
    ["tomorrow", "2026-12-01T18:00:00", datetime(2026, 12, 1)],  # noqa: DTZ001 - no zone is the point
)
def test_a_time_without_a_zone_is_refused(written: str | datetime) -> None:
    with pytest.raises(sms.InputError, match="closes_at"):
        parse_time_ms(written, "closes_at")


def test_money_and_times_read_well() -> None:
    assert format_money(412_500_000, "USD") == "412.50 USD"
    assert format_money(41_260, "USD") == "0.0413 USD"
    assert format_money(0, None) == "0.00"
    assert format_time(1_796_148_000_000) == "2026-12-01 18:00 UTC"


@pytest.mark.parametrize("written", [5, 5.0, Decimal(5), True, b"5 USD", "9" * 10_000])
def test_a_cost_without_a_currency_says_the_form(engine: sms.Engine, written: object) -> None:
    with pytest.raises(sms.InputError, match=r"412\.50 USD") as caught:
        engine.campaign("spring", cost=written)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("written", [date(2026, 12, 1), 1_796_148_000, b"2026"])
def test_a_time_of_another_type_says_the_form(engine: sms.Engine, written: object) -> None:
    with pytest.raises(sms.InputError, match=r"closes_at is a .*; expected a datetime"):
        engine.campaign("spring", closes_at=written)  # type: ignore[arg-type]


@pytest.mark.parametrize("window", [0, -1, 11 * 366 * 86_400_000, 1 << 70, 1.5, True])
@pytest.mark.parametrize("name", ["attribution_window_ms", "receipt_window_ms"])
def test_windows_out_of_range_open_nothing(tmp_path: Path, name: str, window: int) -> None:
    with pytest.raises(sms.InputError, match=name) as caught:
        sms.open(tmp_path / "data", **{name: window})  # type: ignore[arg-type]
    assert caught.value.code == "value_invalid"
    assert not (tmp_path / "data").exists()

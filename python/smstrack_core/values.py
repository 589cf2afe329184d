"""Written money and time -> the integers the engine keeps. Pure; knows nothing of engines."""

import re
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from smstrack_core.errors import input_error

_MONEY = re.compile(r"(?P<amount>[0-9]{1,12}(?:\.[0-9]{1,6})?) ?(?P<currency>[A-Z]{3})")

_SHOWN_MAX: Final = 64

WINDOW_MS_MAX: Final = 3_653 * 86_400_000
"""Longest window, ten years: beyond it a window is a slip of units."""


def now_ms() -> int:
    """The wall clock, milliseconds since 1970-01-01 UTC. The engine itself has no clock."""
    return time.time_ns() // 1_000_000


def parse_money(written: object) -> tuple[int, str]:
    """Reads `"412.50 USD"` as millionths of the unit and an ISO 4217 code.

    Raises:
        InputError: value_invalid, when it is not an amount, a blank and three capital letters.
    """
    match = _MONEY.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None:
        shown = f"{written!r}"[:_SHOWN_MAX]
        raise input_error(
            "value_invalid",
            f"cost is {shown}; expected text, an amount and a currency, such as '412.50 USD'.",
        )
    return int(Decimal(match["amount"]) * 1_000_000), match["currency"]


def check_window(window_ms: int | None, what: str) -> None:
    """Raises InputError: value_invalid, for a window that is empty or longer than 10 years."""
    if window_ms is None:
        return
    is_whole = isinstance(window_ms, int) and not isinstance(window_ms, bool)
    if not is_whole or not 0 < window_ms <= WINDOW_MS_MAX:
        shown = f"{window_ms!r}"[:_SHOWN_MAX]
        raise input_error(
            "value_invalid",
            f"{what} is {shown}; expected whole milliseconds, 1 to {WINDOW_MS_MAX} "
            "(10 years), such as 259200000 for 72 hours.",
        )


def parse_time_ms(written: object, what: str) -> int:
    """Reads an ISO 8601 time with a zone as milliseconds since 1970-01-01 UTC.

    Raises:
        InputError: value_invalid, when it cannot be read or names no zone.
    """
    if isinstance(written, str):
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            raise input_error(
                "value_invalid",
                f"{what} is {f'{written!r}'[:_SHOWN_MAX]}; expected ISO 8601 with a zone, such as "
                "'2026-12-01T18:00:00Z'.",
            ) from None
    elif isinstance(written, datetime):
        moment = written
    else:
        raise input_error(
            "value_invalid",
            f"{what} is a {type(written).__name__}; expected a datetime with a zone, or text such "
            "as '2026-12-01T18:00:00Z'.",
        )
    if moment.tzinfo is None:
        raise input_error(
            "value_invalid", f"{what} names no zone; write 'Z' or an offset after the time."
        )
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def format_time(ms: int) -> str:
    """Milliseconds since 1970-01-01 UTC as `2026-12-01 18:00 UTC`."""
    return datetime.fromtimestamp(ms / 1_000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def format_money(micros: int, currency: str | None) -> str:
    """Millionths as `412.50 USD`; four decimals when cents would round to nothing."""
    amount = Decimal(micros) / 1_000_000
    places = 4 if amount and abs(amount) < Decimal("0.1") else 2
    return f"{amount:,.{places}f} {currency or ''}".rstrip()

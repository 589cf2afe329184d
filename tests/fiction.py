"""Fictional phone numbers: +999 is not assigned to any country."""


def number(index: int) -> str:
    return f"+{999_100_000_000 + index}"


def numbers(first: int, last: int) -> list[str]:
    return [number(index) for index in range(first, last)]

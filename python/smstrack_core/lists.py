"""Lists of numbers, however people hold them -> lines for the border, in bounded pieces.

Constant memory: a generator or a file of any length is read piece by piece. What is no text is
refused row by row, and never fails the rows around it.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from smstrack_core.errors import input_error

CHUNK_COUNT: Final = 65_536
"""Contacts or messages registered in one call; the engine writes each call as one record."""

Refusal = tuple[int, str]
"""A refused row: its number, and the stable code of the reason."""

Chunk = tuple[bytes, int, list[Refusal]]
"""Lines for the border, the row that its row 0 stands for, and rows refused here already."""

WRONG_TYPE: Final = "wrong_type"
"""Code of a row that is no text: None, bytes, a float, half a surrogate pair."""

_HEADING: Final = b"number\n"
"""Stands first where no heading can be, so that a refused first row is not taken for one."""

_INTEGER_BITS_MAX: Final = 128
"""Beyond any number; writing out longer ones would cost more and more."""

_NUMBER_LIKE: Final = frozenset("0123456789+ -().")
_DIGITS_MIN: Final = 5


def audience_chunks(audience: Iterable[object] | str | os.PathLike[str]) -> Iterator[Chunk]:
    """Lines of an audience: a path if it is one, else the numbers themselves.

    Raises:
        InputError: value_invalid, when it is one number, or bytes.
        OSError: The file cannot be read.
    """
    if isinstance(audience, bytes | bytearray):
        raise input_error("value_invalid", "audience is bytes; give a list of numbers or a path.")
    if not isinstance(audience, str | os.PathLike):
        return number_chunks(audience)
    path = Path(audience)
    if is_number_like(str(audience)) and not path.is_file():
        raise input_error(
            "value_invalid", "audience is one number; give a list of numbers or a path."
        )
    return file_chunks(path)


def is_number_like(text: str) -> bool:
    """Whether a text may be somebody's number, and so must not be printed."""
    return set(text) <= _NUMBER_LIKE and sum(map(str.isdigit, text)) >= _DIGITS_MIN


def number_chunks(numbers: Iterable[object]) -> Iterator[Chunk]:
    """Lines of numbers; one bare `str` is one number.

    Raises:
        InputError: value_invalid, when it is bytes.
    """
    if isinstance(numbers, bytes | bytearray):
        raise input_error("value_invalid", "numbers are bytes; give a list of numbers as text.")
    return _number_chunks(iter([numbers] if isinstance(numbers, str) else numbers))


def _number_chunks(rows: Iterator[object]) -> Iterator[Chunk]:
    base = 0
    while chunk := list(islice(rows, CHUNK_COUNT)):
        texts, refused = texts_of(chunk)
        # A line break within a value would shift every later row; a blank makes it a reject.
        lines = "\n".join(row.replace("\n", " ").replace("\r", " ") for row in texts)
        wrong = [(base + row, WRONG_TYPE) for row in refused]
        yield _HEADING + lines.encode(), base - 1, wrong
        base += len(chunk)


def texts_of(rows: Iterable[object]) -> tuple[list[str], list[int]]:
    """Rows as text, integers as their decimals; and which rows are no text, left empty."""
    texts: list[str] = []
    refused: list[int] = []
    for at, row in enumerate(rows):
        text = _text_of(row)
        if text is None:
            refused.append(at)
        texts.append(text or "")
    return texts, refused


def _text_of(row: object) -> str | None:
    if isinstance(row, str):
        return row if _is_encodable(row) else None
    if isinstance(row, int) and not isinstance(row, bool) and row.bit_length() < _INTEGER_BITS_MAX:
        return str(row)
    return None


def pair_chunks(
    messages: Iterable[object],
) -> Iterator[tuple[list[str], list[str], int, list[Refusal]]]:
    """Numbers and ids for the border, the row that row 0 stands for, and rows refused here.

    A refused row stays in its place with an empty id, which the engine refuses as well.
    """
    pairs = iter(messages)
    base = 0
    while chunk := list(islice(pairs, CHUNK_COUNT)):
        whole = [_pair_of(pair) for pair in chunk]
        numbers, wrong_numbers = texts_of(pair[0] for pair in whole)
        ids, wrong_ids = texts_of(pair[1] for pair in whole)
        wrong = sorted({*wrong_numbers, *wrong_ids})
        for row in wrong:
            numbers[row] = ids[row] = ""
        yield numbers, ids, base, [(base + row, WRONG_TYPE) for row in wrong]
        base += len(chunk)


def _pair_of(row: object) -> tuple[object, object]:
    if isinstance(row, tuple | list) and len(row) == 2:
        return row[0], row[1]
    return None, None


def merged(wrong: list[Refusal], refused: Iterable[Refusal], base: int) -> list[Refusal]:
    """Refusals of both sides of the border in order of rows; ours where both refuse one."""
    rows = {base + row: code for row, code in refused}
    return sorted((rows | dict(wrong)).items())


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def file_chunks(path: Path) -> Iterator[Chunk]:
    """Lines of a file as they are, in pieces; only its first line may be a heading."""
    base = 0
    with path.open("rb") as file:
        while chunk := list(islice(file, CHUNK_COUNT)):
            if base:
                yield _HEADING + b"".join(chunk), base - 1, []
            else:
                yield b"".join(chunk).removeprefix(b"\xef\xbb\xbf"), 0, []
            base += len(chunk)

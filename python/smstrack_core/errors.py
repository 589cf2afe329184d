"""Errors of the engine, under the names callers catch.

Who must act decides the class: `InputError` the sender, `StorageError` the operator,
`ClosedError` our caller. Every one has a stable `code` and a sentence without phone numbers or
message texts. Source of the sentences: rust/engine/src/error.rs.
"""

from smstrack_core._core import ClosedError, InputError, SmstrackError, StorageError

__all__ = ["ClosedError", "InputError", "SmstrackError", "StorageError", "input_error"]


def input_error(code: str, sentence: str) -> InputError:
    """Makes an `InputError` for what this side of the border refuses.

    Args:
        code: Stable word, as the engine's own.
        sentence: What happened, the value, what was expected and what to do; no numbers, no texts.
    """
    error = InputError(sentence)
    error.code = code
    return error

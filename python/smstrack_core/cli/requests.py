"""Raw request files: first line, headers, an empty line, body bytes to the end."""

import sys
from pathlib import Path

from smstrack_core import Request


class RequestFileError(ValueError):
    """The file does not hold a request."""

    code = "request_invalid"


def read_request(file: str) -> Request:
    """Reads one raw request from a file, or from standard input for `-`.

    Lines of the head end with LF or CRLF. A GET has no body, whatever follows its head. The
    HTTP version after the target may be left out.

    Raises:
        RequestFileError: There is no first line of a method and a target.
        OSError: The file cannot be read.
    """
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return parse_request(raw)


def parse_request(raw: bytes) -> Request:
    """See `read_request`."""
    ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    at, size = min(ends, default=(len(raw), 0))
    first, *fields = raw[:at].decode("latin-1").splitlines() or [""]
    words = first.split(" ")
    if len(words) not in (2, 3) or not words[0].isupper():
        message = "the first line is not a method and a target, such as `POST /hooks/twilio`."
        raise RequestFileError(message)
    headers = [
        (name.strip(), value.strip())
        for name, found, value in (field.partition(":") for field in fields)
        if found
    ]
    body = b"" if words[0] in ("GET", "HEAD") else raw[at + size :]
    return Request(words[0], words[1], headers, body)

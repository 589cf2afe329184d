"""A per-connection Trio loop, written by hand: finds the end of the request, answers 204.

One task a connection, no HTTP library, no checks: the least that a Trio server can cost.
"""

import sys

import trio

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
_READ_BYTES = 65_536
_LINE = b"\r\n"


async def answer(stream: trio.SocketStream) -> None:
    """Answers every request of one connection until the peer closes."""
    buffered = b""
    while True:
        try:
            data = await stream.receive_some(_READ_BYTES)
        except trio.BrokenResourceError:
            return
        if not data:
            return
        buffered += data
        while length := request_length(buffered):
            buffered = buffered[length:]
            await stream.send_all(_ANSWER)


def request_length(data: bytes) -> int:
    """Bytes of the whole request at the front; 0 if it is not whole yet."""
    head_end = data.find(_HEAD_END)
    if head_end < 0:
        return 0
    head = data[:head_end].lower()
    at = head.find(_LENGTH)
    body_length = int(head[at + len(_LENGTH) :].split(_LINE, 1)[0]) if at >= 0 else 0
    length = head_end + len(_HEAD_END) + body_length
    return length if len(data) >= length else 0


async def main(port: int) -> None:
    """Serves for ever."""
    await trio.serve_tcp(answer, port, host="127.0.0.1")


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))

"""A webhook sender over raw HTTP/1.1: keep-alive, pipelined, retrying what was not answered.

Does what the providers do: a 2xx or 4xx is an answer, anything else (503, a cut line, a server
that is not there) means send it again.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, final

import trio

from smstrack_core.twin import Callback

PIPELINE_COUNT: Final = 64
"""Requests in flight on one connection."""
CONNECT_S: Final = 30.0
"""Seconds to wait for a server that is not there before giving up."""
_PAUSE_S: Final = 0.05
_RECEIVE_BYTES: Final = 65_536
_FAULTS: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


def render(callback: Callback) -> bytes:
    """The request as bytes on the wire."""
    if not callback.content_type:
        return f"{callback.method} {callback.target} HTTP/1.1\r\nHost: smstrack\r\n\r\n".encode()
    head = (
        f"{callback.method} {callback.target} HTTP/1.1\r\nHost: smstrack\r\n"
        f"Content-Type: {callback.content_type}\r\nContent-Length: {len(callback.body)}\r\n\r\n"
    )
    return head.encode() + callback.body


@final
class Sender:
    """Sends callbacks over some connections at once; each is retried until it is answered."""

    def __init__(self, callbacks: Sequence[Callback], port: int) -> None:
        self.port = port
        """Where the server listens on loopback; may be changed while it is down."""
        self.statuses: Final = [0] * len(callbacks)
        """Final status of each callback."""
        self.answered = 0
        self.resent = 0
        """Requests sent again because no answer came."""
        self.refused_for_now = 0
        """Answers 503: not kept, sent again."""
        self._callbacks = callbacks
        self._next = 0
        self._again: deque[int] = deque()
        self._watched: list[tuple[int, trio.Event]] = []

    def reached(self, count: int) -> trio.Event:
        """An event that is set once so many callbacks are answered."""
        event = trio.Event()
        self._watched.append((count, event))
        return event

    async def run(self, connections: int) -> None:
        """Sends everything; returns when every callback is answered.

        Raises:
            TimeoutError: Nothing listened for `CONNECT_S` seconds.
        """
        async with trio.open_nursery() as nursery:
            for _ in range(connections):
                nursery.start_soon(self._connection)

    async def _connection(self) -> None:
        while self.answered < len(self._callbacks):
            stream = await self._connect()
            async with stream:
                await self._use(stream)

    async def _connect(self) -> trio.SocketStream:
        with trio.move_on_after(CONNECT_S):
            while True:
                try:
                    return await trio.open_tcp_stream("127.0.0.1", self.port)
                except OSError:
                    await trio.sleep(_PAUSE_S)
        message = f"nothing listened on the server's port for {CONNECT_S:.0f} s"
        raise TimeoutError(message)

    async def _use(self, stream: trio.SocketStream) -> None:
        """Sends over one connection until it fails or nothing is left."""
        reader = _Reader(stream)
        while self.answered < len(self._callbacks):
            chosen = self._take()
            if not chosen:
                await trio.sleep(_PAUSE_S)  # others wait for answers that they may not get
                continue
            done = 0
            try:
                await stream.send_all(b"".join(render(self._callbacks[i]) for i in chosen))
                for index in chosen:
                    self._note(index, await reader.status())
                    done += 1
            except _FAULTS:
                self._again.extend(chosen[done:])
                self.resent += len(chosen) - done
                return

    def _take(self) -> list[int]:
        chosen = [self._again.popleft() for _ in range(min(PIPELINE_COUNT, len(self._again)))]
        room = min(PIPELINE_COUNT - len(chosen), len(self._callbacks) - self._next)
        chosen += range(self._next, self._next + room)
        self._next += room
        return chosen

    def _note(self, index: int, status: int) -> None:
        if status == 503:
            self.refused_for_now += 1
            self._again.append(index)
            return
        self.statuses[index] = status
        self.answered += 1
        for count, event in self._watched:
            if self.answered >= count:
                event.set()


@final
class _Reader:
    """Answers of one connection, in order."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._start = 0

    async def _more(self) -> None:
        del self._buffer[: self._start]
        self._start = 0
        received = await self._stream.receive_some(_RECEIVE_BYTES)
        if not received:
            raise trio.BrokenResourceError
        self._buffer += received

    async def status(self) -> int:
        """Reads one answer, throws its body away, returns its status."""
        while (end := self._buffer.find(b"\r\n\r\n", self._start)) < 0:
            await self._more()
        head = self._buffer[self._start : end + 2].lower()
        length = 0
        if (at := head.find(b"\r\ncontent-length:")) >= 0:
            length = int(head[at + 17 : head.find(b"\r\n", at + 2)])
        after = end + 4 - self._start + length
        while len(self._buffer) - self._start < after:
            await self._more()
        self._start += after
        return int(head[9:12])

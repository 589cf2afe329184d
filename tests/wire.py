"""HTTP over a real socket, as plain bytes."""

from typing import NamedTuple

import trio


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def request(
    method: str, target: str, body: bytes = b"", content_type: str = "", **headers: str
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: smstrack"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def form(target: str, body: str) -> bytes:
    return request("POST", target, body.encode(), "application/x-www-form-urlencoded")


async def exchange(port: int, data: bytes, count: int = 1) -> list[Answer]:
    """Sends bytes over one connection and reads so many answers."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all(data)
        return await read_answers(stream, count)


async def read_answers(stream: trio.SocketStream, count: int) -> list[Answer]:
    answers: list[Answer] = []
    buffer = b""
    while len(answers) < count:
        while (parsed := _parse(buffer)) is None:
            received = await stream.receive_some(65_536)
            assert received, f"the connection ended after {len(answers)} of {count} answers"
            buffer += received
        answer, buffer = parsed
        if answer.status >= 200:
            answers.append(answer)
    return answers


def _parse(buffer: bytes) -> tuple[Answer, bytes] | None:
    head, found, rest = buffer.partition(b"\r\n\r\n")
    if not found:
        return None
    first, *fields = head.decode("ascii").split("\r\n")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (field.partition(":") for field in fields)
    }
    length = int(headers.get("content-length", "0"))
    if len(rest) < length:
        return None
    return Answer(int(first.split(" ")[1]), headers, rest[:length]), rest[length:]

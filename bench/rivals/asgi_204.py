"""The least an ASGI application can do: 204 to everything, the body unread."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_START = {"type": "http.response.start", "status": 204, "headers": []}
_END = {"type": "http.response.body", "body": b""}


async def app(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],  # noqa: ARG001 - ASGI passes it
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Answers; refuses what is not HTTP, as servers ask at start-up (lifespan)."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await send(_START)
    await send(_END)

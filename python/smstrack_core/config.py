"""Settings of a server, checked once at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

import orjson

from smstrack_core.errors import input_error

PORT_MAX: Final = 65_535
"""Highest TCP port."""


@final
@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How the ingest door is run. All have benign defaults."""

    host: str = "127.0.0.1"
    """Loopback unless told otherwise: the door has no keys of its own yet."""
    port: int = 0
    """0 takes a free one."""
    grace_s: float = 10.0
    """Seconds that open requests have to finish once the server is told to stop."""
    snapshot_every_s: float = 60.0
    """Seconds between two looks at whether a snapshot is due."""
    snapshot_every_records: int = 1_000_000
    """Records after which a snapshot is due: replaying as many takes about half a second. 0: none
    is taken while serving, which each time needs the memory of a second state."""
    limits: Mapping[str, object] = field(default_factory=dict)
    """Limits of the door by name, as in rust/server/src/options.rs."""
    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By `provider` or `provider/account`: parameter names the operator chose, and their roles."""

    guard: Mapping[str, Any] = field(default_factory=dict)
    """Whom the door believes, as `smstrack_core.serve.sources` reads it."""
    confirm_topics: tuple[str, ...] = ()
    """SNS topics (ARNs) whose subscriptions are confirmed when they ask for it."""

    def __post_init__(self) -> None:
        """Checks every value. Raises InputError: value_invalid."""
        if not self.host:
            raise input_error("value_invalid", "host is empty; expected a name or an address.")
        if not 0 <= self.port <= PORT_MAX:
            raise input_error(
                "value_invalid", f"port is {self.port}; expected 0 (any free one) to {PORT_MAX}."
            )
        for topic in self.confirm_topics:
            if not topic.startswith("arn:"):
                raise input_error(
                    "value_invalid", "confirm_topics holds what is no ARN; expected arn:aws:sns:..."
                )
        if self.snapshot_every_records < 0:
            raise input_error(
                "value_invalid",
                f"snapshot_every_records is {self.snapshot_every_records}; "
                "expected 0 (none) or more.",
            )
        for name in ("grace_s", "snapshot_every_s"):
            value = getattr(self, name)
            if not value > 0:
                raise input_error("value_invalid", f"{name} is {value}; expected more than 0.")

    def options(self) -> str:
        """The door's options as JSON."""
        templates: dict[str, dict[str, dict[str, str]]] = {}
        for key, roles in self.templates.items():
            provider, _, account = key.partition("/")
            templates.setdefault(provider, {})[account] = dict(roles)
        chosen: dict[str, object] = dict(self.limits)
        if templates:
            chosen["templates"] = templates
        if self.guard:
            chosen["guard"] = dict(self.guard)
        if self.confirm_topics:
            chosen["confirm_topics"] = list(self.confirm_topics)
        return orjson.dumps(chosen).decode()

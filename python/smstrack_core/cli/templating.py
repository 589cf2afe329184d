"""The option `--template`: parameter names that an operator chose, and what each stands for."""

from typing import Final

import orjson
import typer

from smstrack_core import _core

ROLES: Final = _core.TEMPLATE_ROLES
"""What a parameter of a template may stand for."""


def roles_of(text: str) -> dict[str, str]:
    """A template from JSON. Raises typer.BadParameter, exit code 2."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(role, str) for role in found.values()):
        message = 'expected a JSON object of names and roles, {"id": "message_id", "type": "dlr"}.'
        raise typer.BadParameter(message, param_hint="--template")
    unknown = sorted(role for role in found.values() if _core.known_role(role) is None)
    if unknown:
        message = f"unknown role {unknown[0][:64]!r}; the roles are: {', '.join(ROLES)}."
        raise typer.BadParameter(message, param_hint="--template")
    return found

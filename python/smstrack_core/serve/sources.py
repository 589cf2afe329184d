"""Whom the door believes: how sources are written in configuration, and where their secrets are.

A source is a provider or one account of it: the scheme by which it signs, its secrets, the
addresses that may send. The checks are in the core; no message here says a secret.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from smstrack_core.errors import input_error

Sources = Mapping[str, Any] | str | os.PathLike[str] | None
"""A mapping, or the path of a TOML file that holds one; docs/signatures.md has the keys."""

_TOP: Final = {"base_url", "trusted_proxies", "default_trust", "sources"}
_SOURCE: Final = {
    *("scheme", "secrets", "secret_env", "secret_files"),
    *("allow", "base_url", "trust"),
}


def read_sources(given: Sources) -> dict[str, Any]:
    """The door's `guard` option; empty where nothing is configured.

    Secrets are read now: from the environment (`secret_env`), from files (`secret_files`; the
    line end behind the last line is not part of one), or as they stand (`secrets`).

    Raises:
        InputError: value_invalid, a key that is not known, a variable or file that is not there.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        top = dict(given)
    else:
        try:
            top = tomllib.loads(Path(given).read_text())
        except (OSError, ValueError) as error:
            raise input_error("value_invalid", f"{given} cannot be read: {error}") from None
    _check_keys("the sources", top, _TOP)
    sources: dict[str, dict[str, Any]] = {}
    for key, source in top.get("sources", {}).items():
        provider, _, account = str(key).partition("/")
        sources.setdefault(provider, {})[account] = _source(str(key), source)
    return {
        "base_url": _base_url("base_url", top.get("base_url")),
        "proxies": _texts("trusted_proxies", top.get("trusted_proxies", [])),
        "default_trust": top.get("default_trust"),
        "sources": sources,
    }


def needs_certificates(guard: Mapping[str, Any]) -> bool:
    """Whether a source signs with certificates that each request names."""
    schemes = [
        source["scheme"]
        for accounts in guard.get("sources", {}).values()
        for source in accounts.values()
        if not source["secrets"]
    ]
    return any(scheme in ("sns", "sns-v1", "sns-v2") for scheme in schemes)


def _source(key: str, source: object) -> dict[str, Any]:
    if not isinstance(source, Mapping):
        raise input_error("value_invalid", f"source {key} is not a table of settings.")
    _check_keys(f"source {key}", source, _SOURCE)
    secrets = _texts(f"{key}: secrets", source.get("secrets", []))
    for name in _texts(f"{key}: secret_env", source.get("secret_env", [])):
        if name not in os.environ:
            message = f"source {key}: the environment has no variable {name}."
            raise input_error("value_invalid", message)
        secrets.append(os.environ[name])
    for file in _texts(f"{key}: secret_files", source.get("secret_files", [])):
        try:
            secrets.append(Path(file).read_text().rstrip("\r\n"))
        except (OSError, ValueError):
            message = f"source {key}: secret file {file} cannot be read."
            raise input_error("value_invalid", message) from None
    scheme = source.get("scheme")
    if secrets and scheme is None:
        raise input_error("value_invalid", f"source {key} has secrets but no scheme.")
    return {
        "scheme": scheme,
        "secrets": secrets,
        "allow": _texts(f"{key}: allow", source.get("allow", [])),
        "base_url": _base_url(f"{key}: base_url", source.get("base_url")),
        "trust": source.get("trust"),
    }


def _check_keys(what: str, found: Mapping[str, Any], known: set[str]) -> None:
    # A key that is passed over in silence could be the one that was to keep somebody out.
    unknown = sorted(set(map(str, found)) - known)
    if unknown:
        message = f"{what} have no setting {unknown[0]!r}; known are {', '.join(sorted(known))}."
        raise input_error("value_invalid", message)


def _texts(what: str, value: object) -> list[str]:
    if isinstance(value, str | os.PathLike):
        return [str(value)]
    if not isinstance(value, list | tuple) or not all(
        isinstance(one, str | os.PathLike) for one in value
    ):
        raise input_error("value_invalid", f"{what} is not a text or a list of texts.")
    return [str(one) for one in value]


def _base_url(what: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        message = (
            f"{what} is not a URL such as https://sms.example.net, without a path or with one."
        )
        raise input_error("value_invalid", message)
    return value

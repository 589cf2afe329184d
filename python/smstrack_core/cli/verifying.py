"""`smstrack verify`: a raw request, its scheme and its secrets, and which part does not hold."""

import os
import sys
from pathlib import Path

import orjson
import typer

import smstrack_core as sms
from smstrack_core import _core
from smstrack_core.cli.output import print_line, say


def gather_secrets(given: list[str], variables: list[str], files: list[Path]) -> list[str | bytes]:
    """Secrets from the command line, the environment and files, in this order.

    The line end that editors put behind the last line of a file is not part of a secret.
    """
    found: list[str | bytes] = list(given)
    for name in variables:
        if name not in os.environ:
            message = f"the environment has no variable {name}."
            raise typer.BadParameter(message, param_hint="--secret-env")
        found.append(os.environ[name])
    found += [file.read_bytes().rstrip(b"\r\n") for file in files]
    if not found:
        message = "name a secret with --secret-env, --secret-file or --secret."
        raise typer.BadParameter(message)
    return found


def public_url(request: sms.Request, base_url: str | None) -> str:
    """What the provider was told to call: the base and the target, or an absolute target."""
    if "://" in request.target.partition("?")[0]:
        return request.target
    if base_url is not None:
        return base_url.rstrip("/") + request.target
    hosts = [value for name, value in request.headers if name.lower() == "host"]
    if hosts:
        base = f"https://{hosts[0]}"
        say(f"no --base-url: taking {base}, from the Host header")
        return base + request.target
    return "https://localhost" + request.target


def print_verdict(
    file: str,
    scheme: str,
    base_url: str | None,
    secrets: list[str | bytes],
    now: float | None,
    peer: str | None,
    *,
    as_json: bool,
) -> int:
    """Prints the verdict on one request. Returns the exit code: 0 believed, 1 not."""
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    request = _core.parse_request(raw)
    url = public_url(request, base_url)
    verdict = sms.verify(
        scheme, request.method, url, request.headers, request.body, secrets, now, peer=peer
    )
    if as_json:
        found = {
            "ok": verdict.ok,
            "scheme": scheme,
            "reason": verdict.reason,
            "message": verdict.message,
        }
        print_line(orjson.dumps(found).decode())
    elif verdict:
        print_line(f"believed: {scheme}")
    else:
        print_line(f"refused: {verdict.reason}: {verdict.message}")
    return 0 if verdict else 1

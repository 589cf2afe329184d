"""`smstrack verify`: a raw request, its scheme and its secrets, and which part does not hold."""

import os
import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

import smstrack_core as sms
from smstrack_core import _core
from smstrack_core.cli.output import print_line, say
from smstrack_core.cli.profiling import AsJson, Loaded
from smstrack_core.profiles import usual_scheme


def verify(
    file: Annotated[
        str, typer.Argument(help="Raw request; `-` is standard input.", metavar="FILE")
    ],
    scheme: Annotated[
        str | None, typer.Option("--scheme", "-s", help="How the sender signs.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", "-p", help="Whose own scheme it is.")
    ] = None,
    profiles: Loaded = None,
    base_url: Annotated[
        str | None, typer.Option(help="Public URL before the path.", metavar="URL")
    ] = None,
    secret_env: Annotated[
        list[str] | None,
        typer.Option(help="Variable that holds a secret. May be repeated.", metavar="NAME"),
    ] = None,
    secret_file: Annotated[
        list[Path] | None,
        typer.Option(help="File that holds a secret, key or certificate. May be repeated."),
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option(help="A secret that others on this machine may see.")
    ] = None,
    now: Annotated[
        float | None, typer.Option(help="Unix time to check against; else the clock's.")
    ] = None,
    peer: Annotated[
        str | None, typer.Option(help="Sender's address, for lists.", metavar="ADDRESS")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the signature of a raw request, and say which part does not hold.

    Name the scheme, or the provider or profile whose own scheme it is. Files are read as `decode`
    reads them. Exit code 0 if the request is believed, 1 if not. No secret is ever printed, nor
    the signature that was expected.

    Examples:
    - `smstrack verify -s twilio-hmac-sha1 --base-url https://x.example --secret-env TOKEN r.http`
    - `smstrack verify -p telnyx --secret-file telnyx.pub request.http`
    - `smstrack verify -s sns --secret-file sns.pem --json request.http`
    """
    chosen = choose_scheme(scheme, provider, profiles)
    secrets = gather_secrets(secret or [], secret_env or [], secret_file or [])
    code = print_verdict(file, chosen, base_url, secrets, now, peer, as_json=as_json)
    raise typer.Exit(code)


def choose_scheme(scheme: str | None, provider: str | None, profiles: Loaded) -> str:
    """The scheme that is named, or the provider's. Raises typer.BadParameter, exit code 2."""
    if (scheme is None) == (provider is None):
        raise typer.BadParameter("name either a --scheme or a --provider.")
    if provider is not None:
        found = usual_scheme(provider, profiles)
        if found is None:
            message = f"{provider} has no scheme of its own: name one with --scheme."
            raise typer.BadParameter(message, param_hint="--provider")
        return found
    known = [name.removesuffix("NAME") for name in sms.schemes()]
    named = scheme or ""
    if named not in known and not named.startswith(("token-header:", "token-query:")):
        message = f"{named!r} is not one of {', '.join(sms.schemes())}."
        raise typer.BadParameter(message, param_hint="--scheme")
    return named


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

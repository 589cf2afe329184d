"""The commands, their options and their help."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import orjson
import typer

import smstrack_core as sms
from smstrack_core import _core
from smstrack_core.cli import consenting
from smstrack_core.cli.checking import check
from smstrack_core.cli.keeping import backup, print_log, repair
from smstrack_core.cli.labelling import classify_command, rules_app
from smstrack_core.cli.output import (
    advance,
    exit_if_interrupted,
    flatten,
    print_line,
    progress_bar,
    say,
)
from smstrack_core.cli.profiling import Loaded, profile_app, providers
from smstrack_core.cli.refused import dead_letters, replay_letters
from smstrack_core.cli.templating import roles_of
from smstrack_core.cli.verifying import verify

app: Final = typer.Typer(
    name="smstrack",
    help="Keep SMS delivery receipts and replies, and ask for exact contact sets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    epilog="`smstrack COMMAND --help` explains a command; `smstrack demo` shows what all this is.",
)

app.command()(providers)
app.command()(verify)
app.add_typer(profile_app, name="profile")
app.add_typer(rules_app, name="rules")
app.command("classify")(classify_command)

Directory = Annotated[Path, typer.Argument(help="Data directory.", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def main() -> NoReturn:
    """Runs the command line; every failure is one line on stderr."""
    try:
        app()
    except BaseExceptionGroup as group:
        _fail(flatten(group))
    except (sms.SmstrackError, OSError, RuntimeError) as error:
        _fail([error])
    sys.exit(0)


def _fail(errors: list[BaseException]) -> NoReturn:
    for error in errors:
        code = getattr(error, "code", None)
        say(f"error: {error}" + (f" [{code}]" if isinstance(code, str) else ""))
    sys.exit(1)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback form
    if wanted:
        print_line(f"smstrack {sms.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Keep SMS delivery receipts and replies, and ask for exact contact sets.

    One process owns a data directory at a time: ask the server, or stop it first.
    """


@app.command()
def serve(
    directory: Directory,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65_535)] = 8470,
    template: Annotated[
        list[str] | None,
        typer.Option(
            help="Parameter names you chose: PROVIDER[/ACCOUNT]=JSON. May be repeated.",
            metavar="PROVIDER=JSON",
        ),
    ] = None,
    profiles: Loaded = None,
    verify_file: Annotated[
        Path | None,
        typer.Option(
            "--verify", help="TOML file: who may send, and how each proves itself.", metavar="FILE"
        ),
    ] = None,
    default_trust: Annotated[
        str | None,
        typer.Option(help="Belief in sources not listed: allowed, or untrusted.", metavar="LEVEL"),
    ] = None,
    confirm_topic: Annotated[
        list[str] | None,
        typer.Option(help="SNS topic to confirm when it asks. May be repeated.", metavar="ARN"),
    ] = None,
    grace_s: Annotated[
        float, typer.Option(help="Seconds that open requests have to finish at the end.")
    ] = 10.0,
    rules: Annotated[
        list[Path] | None,
        typer.Option(help="More reply rules: a TOML file or a directory. May be repeated."),
    ] = None,
    snapshots: Annotated[bool, typer.Option(help="Snapshots while serving: memory of two.")] = True,
    trim_log: Annotated[
        bool, typer.Option("--trim-log", help="Trim the log behind two snapshots; texts go.")
    ] = False,
) -> None:
    """Take in webhooks over HTTP until Ctrl-C or SIGTERM.

    Webhooks go to `/hooks/PROVIDER` or `/hooks/PROVIDER/ACCOUNT`, canonical events to `/events`.
    A 2xx means the event is on disk. The first line on stdout says the address.

    Examples:

    - `smstrack serve ./data`
    - `smstrack serve ./data --verify sources.toml`
    - `smstrack serve ./data --port 0 --template 'kannel={"id":"message_id","type":"dlr"}'`
    """
    from smstrack_core.cli.serving import run_server  # noqa: PLC0415 - keeps the others quick

    templates: dict[str, dict[str, str]] = {}
    for written in template or []:
        key, _, roles = written.partition("=")
        templates[key] = roles_of(roles)
    if default_trust is not None and verify_file is not None:
        message = "write default_trust into the file of --verify."
        raise typer.BadParameter(message, param_hint="--default-trust")
    if default_trust not in (None, "verified", "allowed", "untrusted"):
        message = "the levels are verified, allowed and untrusted."
        raise typer.BadParameter(message, param_hint="--default-trust")
    verify = verify_file if default_trust is None else {"default_trust": default_trust}
    topics = confirm_topic or ()
    keeping = (snapshots, not trim_log)
    run_server(
        directory, host, port, grace_s, templates, verify, profiles, rules or [], topics, keeping
    )


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="One seed gives one stream.")] = 1,
    contacts: Annotated[int, typer.Option(help="Size of the campaign.", min=100)] = 100_000,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep data and export in this new directory.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the main job on made-up traffic, kill the server half-way, and check every figure.

    A campaign in three blasts; callbacks of four providers over real HTTP, disordered, duplicated,
    some early, some malformed; SIGKILL half-way; then every set is compared with the generator's
    own ledger. Exit code 1 if one contact is missing or too many.

    Examples:

    - `smstrack demo`
    - `smstrack demo --seed 7 --contacts 5000 --json`
    """
    from smstrack_core.cli.demoing import print_demo  # noqa: PLC0415 - keeps the others quick
    from smstrack_core.demo import run_demo  # noqa: PLC0415

    if keep is not None and keep.exists() and any(keep.iterdir()):
        message = f"{keep} is not empty. Name a directory that does not exist yet."
        raise typer.BadParameter(message, param_hint="--keep")
    with exit_if_interrupted(), progress_bar("callbacks answered") as bar:
        result = run_demo(seed, contacts, keep, say, advance(bar))
    raise typer.Exit(print_demo(result, as_json=as_json))


@app.command()
def decode(
    files: Annotated[
        list[str], typer.Argument(help="Raw requests; `-` is standard input.", metavar="FILE...")
    ],
    provider: Annotated[
        str | None, typer.Option("--provider", "-p", help="Whose requests they are.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help="Parameter names you chose and their roles.", metavar="JSON"),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Profile that tells their format.", metavar="FILE")
    ] = None,
) -> None:
    """Print the canonical events of raw requests, one JSON object a line.

    A raw request is a first line (`POST /hooks/twilio`), headers, an empty line and the body.
    What cannot be read is one line on stderr each, and exit code 1; the rest is printed.

    Examples:

    - `smstrack decode --provider twilio request.http`
    - `cat request.http | smstrack decode -p kannel --template '{"id":"message_id"}' -`
    - `smstrack decode --profile acme.toml request.http`
    """
    loaded = None if profile is None else sms.load_profiles(profile)
    if provider is None and loaded is not None:
        provider = loaded.names[0]
    known = [*sms.providers(), *(loaded.names if loaded else [])]
    if provider not in known:
        message = f"{provider!r} is not one of {', '.join(known)}."
        raise typer.BadParameter(message, param_hint="--provider")
    roles = None if template is None else roles_of(template)
    failed = False
    for file in files:
        for line in _decoded(provider, file, roles, loaded):
            failed |= line is None
            if line is not None:
                print_line(line)
    if failed:
        raise typer.Exit(1)


def _decoded(
    provider: str, file: str, roles: dict[str, str] | None, profiles: _core.Profiles | None
) -> Iterator[str | None]:
    """JSON lines of one file; None for what could not be read, which stderr then names."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        request = _core.parse_request(raw)
        found = sms.decode_rows(provider, request, template=roles, profiles=profiles)
    except (sms.InputError, OSError) as error:
        say(f"{file}: {getattr(error, 'code', '') or 'unreadable'}: {error}")
        yield None
        return
    for event in found["events"]:
        yield orjson.dumps({"file": file, **event}).decode()
    for reject in found["rejects"]:
        say(f"{file}: {reject['code']}: row {reject['row']}, byte {reject['byte']}. Row skipped.")
        yield None


@app.command()
def report(
    directory: Directory,
    campaign: Annotated[str, typer.Argument(help="Its name.", metavar="CAMPAIGN")],
    as_json: AsJson = False,
) -> None:
    """Print a campaign's figures, each rate with its denominator.

    Example:

    - `smstrack report ./data spring`
    """
    with sms.open(directory, create=False) as engine:
        found = engine.report(campaign)
    print_line(orjson.dumps(found.to_dict()).decode() if as_json else str(found))


@app.command()
def segment(
    directory: Directory,
    expression: Annotated[str, typer.Argument(help="Set expression.", metavar="EXPR")],
    count: Annotated[bool, typer.Option("--count", help="Only how many contacts.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write a CSV file instead.", metavar="FILE")
    ] = None,
    include_suppressed: Annotated[
        bool, typer.Option("--include-suppressed", help="Also those that must not be sent to.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the numbers of a segment, one a line, without those that must not be sent to.

    Sets are `CAMPAIGN.set` and `CAMPAIGN/BLAST.set`; `&` both, `|` either, `-` not, `^` one of
    two, and parentheses. `--count` counts the whole segment, suppressed contacts too; so does
    the `count` of `--json`, beside the `numbers` that would be printed.

    Examples:

    - `smstrack segment ./data 'spring.delivered - spring.replied - spring.opted_out'`
    - `smstrack segment ./data 'spring.delivered & spring.replied:yes' --count`
    - `smstrack segment ./data 'spring/b1.pending' --export pending.csv`
    """
    if count and export is not None:
        message = "--count and --export exclude each other."
        raise typer.BadParameter(message)
    with sms.open(directory, create=False) as engine:
        chosen = engine.segment(expression)
        result: dict[str, Any] = {"expression": expression, "count": len(chosen)}
        if export is not None:
            written = chosen.export(export, include_suppressed=include_suppressed)
            result |= {
                "path": str(written.path),
                "written": written.written,
                "suppressed": written.suppressed,
            }
        if as_json:
            if export is None and not count:
                pages = chosen.pages(include_suppressed=include_suppressed)
                result["numbers"] = [number for page in pages for number in page]
            print_line(orjson.dumps(result).decode())
        elif export is not None:
            say(f"wrote {result['written']:,} contacts to {export}; "
                f"left out {result['suppressed']:,} suppressed")  # fmt: skip
        elif count:
            print_line(str(result["count"]))
        else:
            for page in chosen.pages(include_suppressed=include_suppressed):
                print_line("\n".join(page))


app.command("dead-letters")(dead_letters)
app.command("replay")(replay_letters)
app.command()(check)
app.command("log")(print_log)
app.command()(backup)
app.command()(repair)


consenting.add_to(app)

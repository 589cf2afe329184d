"""`smstrack backup`, `smstrack repair`, `smstrack log`: a data directory's own files."""

import threading
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

import smstrack_core as sms
from smstrack_core import _core
from smstrack_core.cli.output import (
    INTERRUPTED,
    advance,
    exit_if_interrupted,
    print_line,
    progress_bar,
    say,
)

Directory = Annotated[Path, typer.Argument(help="Data directory.", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]

_LOOK_EVERY_S = 0.1


def backup(
    directory: Directory,
    target: Annotated[
        Path, typer.Argument(help="Where to: an empty or a new directory.", metavar="TARGET")
    ],
    as_json: AsJson = False,
) -> None:
    """Copy a data directory, also while a server writes to it, and verify the copy.

    The copy holds everything that was answered before the command began; it is a data directory
    of its own. A copy that was broken off cannot be opened.

    Example:
    - `smstrack backup ./data /mnt/backup/2026-11-22`
    """
    copied = _copy(_core.Backup(directory, target))
    found = sms.check(str(target))
    if as_json:
        print_line(orjson.dumps({**copied, "check": found}).decode())
    else:
        log = found.get("log") or {}
        print_line(
            f"{copied['files']} files, {copied['bytes']:,} bytes, up to position "
            f"{log.get('last_position', 0):,}: {'sound' if found.get('ok') else 'DAMAGED'}"
        )
    if not found.get("ok"):
        say("error: the copy is damaged, and so may be what was copied: `smstrack check` both")
        raise typer.Exit(1)


def _copy(work: _core.Backup) -> dict[str, Any]:
    """Copies in a thread, so that Ctrl-C and the progress bar have this one."""
    outcome: list[str] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            outcome.append(work.run())
        except sms.SmstrackError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    with exit_if_interrupted(), progress_bar("bytes copied") as bar:
        move = advance(bar)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(_LOOK_EVERY_S)
                move(*work.progress)
        except KeyboardInterrupt:
            work.stop()
            thread.join()
            raise
    if errors:
        raise errors[0]
    if not outcome:
        raise typer.Exit(INTERRUPTED)
    copied: dict[str, Any] = orjson.loads(outcome[0])
    return copied


def repair(
    directory: Directory,
    yes: Annotated[
        bool, typer.Option("--yes", help="Really: without it, only what is wrong is said.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Cut a damaged log where it cannot be read, so that the directory opens again.

    Everything after the damage is lost to the engine, but not thrown away: it stays beside the
    log as `NAME.cut-1`. Restore a backup instead if you have one. Needs the server stopped.

    Example:
    - `smstrack repair ./data --yes`
    """
    if not yes:
        found = sms.check(str(directory))
        for problem in found.get("problems", []):
            say(f"problem: {problem['text']} [{problem['code']}]")
        if found.get("ok"):
            print_line("sound: nothing to repair")
            return
        say("nothing was changed; `--yes` cuts what cannot be read")
        raise typer.Exit(1)
    done = sms.repair(str(directory))
    if as_json:
        print_line(orjson.dumps(done).decode())
        return
    for piece in done["cut"]:
        print_line(
            f"{piece['file']}, byte {piece['byte']:,}: {piece['bytes']:,} bytes kept as "
            f"{piece['kept_as']} ({piece['why']})"
        )
    print_line(f"the log now ends at position {done['last_position']:,}")


_LOG_PAGE = 1_000


def print_log(
    directory: Directory,
    first: Annotated[int, typer.Option("--from", help="First position.", min=1)] = 1,
    last: Annotated[int | None, typer.Option("--to", help="Last position.", min=1)] = None,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Whole phone numbers: personal data.")
    ] = False,
    texts: Annotated[
        bool, typer.Option("--texts", help="Also what people wrote: personal data.")
    ] = False,
) -> None:
    """Print the records of the log, one JSON line each, in order of position.

    Phone numbers are masked, and of texts only the length is shown, unless asked for. Changes
    nothing, and may run beside a server.

    Examples:
    - `smstrack log ./data --from 1204 --to 1210`
    - `smstrack log ./data | jq 'select(.record == "ledger")'`
    """
    after = (1 << 64) - 1 if last is None else last
    with exit_if_interrupted():
        while page := _log_page(directory, (first, after), numbers=numbers, texts=texts):
            print_line("\n".join(orjson.dumps(line).decode() for line in page))
            first = page[-1]["position"] + 1


def _log_page(
    directory: Path, between: tuple[int, int], *, numbers: bool, texts: bool
) -> list[dict[str, Any]]:
    first, last = between
    lines: list[dict[str, Any]] = orjson.loads(
        _core.log_lines(
            str(directory),
            first=first,
            last=last,
            count_max=_LOG_PAGE,
            numbers=numbers,
            texts=texts,
        )
    )
    return lines

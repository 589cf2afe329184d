"""`smstrack serve`: an engine, its door, and the signals that end them."""

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import trio

import smstrack_core as sms
from smstrack_core.cli.labelling import ready
from smstrack_core.cli.output import print_line, say
from smstrack_core.replies import use
from smstrack_core.serve.sources import Sources


def run_server(
    directory: Path,
    host: str,
    port: int,
    grace_s: float,
    templates: Mapping[str, Mapping[str, str]],
    verify: Sources,
    profiles: list[Path] | None = None,
    rules: Sequence[Path] = (),
    confirm_topics: Sequence[str] = (),
    keeping: tuple[bool, bool] = (True, True),
) -> None:
    """Serves until SIGINT or SIGTERM, then drains and closes. Raises what `sms.serve` raises.

    `keeping`: whether snapshots are taken meanwhile, and whether all of the log is kept.
    """
    use(ready(rules))
    has_snapshots, keep_log = keeping
    with sms.open(directory, profiles=profiles, keep_log=keep_log) as engine:
        opened = engine.opened()
        for warning in opened.get("warnings", ()):
            say(f"warning: {warning}")
        if opened.get("torn_bytes"):
            say(
                f"{opened.get('torn_file')}: cut a torn tail of {opened['torn_bytes']:,} bytes, "
                "normal after a crash; nothing that was answered is lost"
            )
        if verify is None:
            say("no --verify: whoever reaches the door is heard, but cannot opt anybody in")
        settings = {
            "grace_s": grace_s,
            "templates": templates,
            "verify": verify,
            "confirm_topics": confirm_topics,
        }
        if not has_snapshots:
            settings["snapshot_every_records"] = 0
        trio.run(_serve, engine, host, port, settings)
        say("stopped; everything answered is kept")


_WATCH_EVERY_S: Final = 1.0


async def _watch(engine: sms.Engine) -> None:
    """Says on stderr, once, that the disk refused: senders only see a 503."""
    while True:
        await trio.sleep(_WATCH_EVERY_S)
        refusal = engine.stats()["refusal"]
        if refusal is not None:
            break
    say(
        f"nothing more can be kept ({refusal}): every request is answered 503, and senders try "
        "again. Make room or mend the disk, then start again; nothing that was answered is lost"
    )


async def _serve(
    engine: sms.Engine,
    host: str,
    port: int,
    settings: Mapping[str, Any],
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with sms.serve(engine, host, port, **settings) as server:
            print_line(f"listening on {server.url}")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_watch, engine)
                async for _ in signals:
                    break
                nursery.cancel_scope.cancel()
            say("stopping: no new connections, open requests are answered")

"""smstrack's ingest door without fdatasync, to show what durability costs."""

import signal
import sys

import trio

import smstrack_core as sms


async def main(engine: sms.Engine) -> None:
    """Serves until asked to end."""
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with sms.serve(engine, "127.0.0.1", 0) as server:
            print(f"listening on {server.url}", flush=True)
            async for _ in signals:
                return


if __name__ == "__main__":
    with sms.open(sys.argv[1], durable=False) as opened:
        trio.run(main, opened)

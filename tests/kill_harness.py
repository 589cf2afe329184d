"""A server that can be started and killed in milliseconds: imports once, then forks.

Reads lines `DIR` on standard input; for each, forks a process that opens the directory and
serves it, writes `PID PORT` and waits until that process is gone. Run by test_kill.py.
"""

import os
import sys

import trio

import smstrack_core as sms
from smstrack_core.replies.label import standard


async def serve(directory: str, pipe: int) -> None:
    with sms.open(directory) as engine:
        # Snapshots often: a kill must hit them too.
        records = int(os.environ.get("HARNESS_SNAPSHOT_RECORDS", "200"))
        async with sms.serve(
            engine, snapshot_every_s=0.02, snapshot_every_records=records
        ) as server:
            os.write(pipe, f"{server.port}\n".encode())
            os.close(pipe)
            await trio.sleep_forever()


def main() -> None:
    # The rules too are read and tested once.
    standard()
    for line in sys.stdin:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            try:
                trio.run(serve, line.strip(), writer)
            finally:
                os._exit(1)
        os.close(writer)
        with os.fdopen(reader) as ready:
            print(pid, ready.readline().strip(), flush=True)
        os.waitpid(pid, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()

"""Compiling rules that a workspace brought: in a process of its own, bounded in time and memory.

Whatever is in the rules, the caller goes on: a bomb ends its own process only.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import orjson

from smstrack_core.errors import input_error
from smstrack_core.replies.limits import COMPILE_BYTES_MAX, COMPILE_CPU_S
from smstrack_core.replies.matcher import FLAGS

_WALL_S: Final = 15 * COMPILE_CPU_S
"""A busy machine gives CPU late; this ends a process that waits for something else."""

_CHILD: Final = """
import json, resource, sys
import hyperscan
told = json.load(sys.stdin)
patterns = [pattern.encode() for pattern in told["patterns"]]
if sys.platform == "linux":
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + told["bytes"], used + told["bytes"]))
spent = resource.getrusage(resource.RUSAGE_SELF)
ends = int(spent.ru_utime + spent.ru_stime) + 1 + told["cpu_s"]
resource.setrlimit(resource.RLIMIT_CPU, (ends, ends))
database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
try:
    database.compile(
        expressions=patterns, ids=told["numbers"], flags=[told["flags"]] * len(patterns)
    )
except hyperscan.HyperscanError as error:
    sys.exit("refused: " + str(error)[:200])
sys.stdout.buffer.write(hyperscan.dumpb(database))
"""


def compile_bounded(patterns: Sequence[bytes], numbers: Sequence[int]) -> bytes:
    """A serialised database, as `matcher.compile_here` makes it.

    Raises InputError: rule_invalid, the engine refuses a pattern; rules_too_large, compiling took
    more than `COMPILE_CPU_S` or `COMPILE_BYTES_MAX`. Blocks.
    """
    told = {
        "patterns": [pattern.decode() for pattern in patterns],
        "numbers": list(numbers),
        "flags": FLAGS,
        "bytes": COMPILE_BYTES_MAX,
        "cpu_s": COMPILE_CPU_S,
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-I", "-c", _CHILD],
            input=orjson.dumps(told),
            capture_output=True,
            timeout=_WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is not None and done.returncode == 0 and done.stdout:
        return done.stdout
    said = b"" if done is None else done.stderr
    if b"refused: " in said:
        why = said.decode(errors="replace").split("refused: ")[-1].strip()
        raise input_error("rule_invalid", f"the rules do not compile: {why}. No rule was loaded.")
    raise input_error(
        "rules_too_large",
        f"compiling the rules takes more than {COMPILE_CPU_S} s of CPU or "
        f"{COMPILE_BYTES_MAX >> 20} MiB. Split or shorten them. No rule was loaded.",
    )

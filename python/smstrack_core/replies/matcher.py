"""All rules in one Hyperscan database: compile, keep in a cache, scan, compare with RE2.

The database is compiled anew whenever the cache has none that fits: version, platform and hash of
the rules are in its name, and a cache that cannot be read or written is as good as none.
"""

import hashlib
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final, final

import hyperscan

from smstrack_core.errors import input_error
from smstrack_core.replies.rules import Rule
from smstrack_core.replies.tokens import read

FLAGS: Final = hyperscan.HS_FLAG_SINGLEMATCH
"""A rule reports once a scan, so a hostile text cannot make more work than there are rules."""

_VERSION: Final = version("hyperscan")

Compiler = Callable[[Sequence[bytes], Sequence[int]], bytes]
"""Regexes and their ids -> a serialised database."""


@final
class Matcher:
    """A compiled set of rules. Not for use by two threads at a time."""

    def __init__(
        self,
        rules: Sequence[Rule],
        cache: Path | None = None,
        compiler: Compiler | None = None,
        waits: Callable[[], None] = lambda: None,
    ) -> None:
        """Blocks where the cache has nothing, after `waits`: minutes for thousands of patterns.

        Raises InputError: rule_invalid, the engine refuses a pattern.
        """
        self._waits = waits
        self.rules: Final = tuple(rules)
        self.regexes: Final = [
            (at, regex) for at, rule in enumerate(self.rules) for regex in rule.regexes
        ]
        self._cache = cache
        self._database = self._loaded(cache, compiler) if self.regexes else None
        self._found: list[int] = []

    def scan(self, text: bytes) -> list[int]:
        """Numbers of the rules that match, in no order; a rule may come twice."""
        if self._database is None:
            return []
        found: list[int] = []
        self._found = found
        self._database.scan(text, match_event_handler=self._on_match)
        return found

    def _on_match(self, number: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        self._found.append(number)

    def _loaded(self, cache: Path | None, compiler: Compiler | None) -> "hyperscan.Database":
        file = None if cache is None else cache / f"{self.key()}.hs"
        if file is not None:
            with suppress(Exception):  # whatever is wrong with the cache, we can compile
                return _opened(file.read_bytes())
        self._waits()
        patterns = [regex.encode() for _, regex in self.regexes]
        numbers = [number for number, _ in self.regexes]
        compiled = (compiler or compile_here)(patterns, numbers)
        if file is not None:
            with suppress(OSError):
                _keep(file, compiled)
        return _opened(compiled)

    def agreed(self) -> str:
        """What `agree` kept for these rules; empty if nothing."""
        with suppress(OSError):
            if self._cache is not None and self.regexes:
                return (self._cache / f"{self.key()}.agreed").read_text()
        return ""

    def agree(self, answers: str) -> None:
        """Keeps beside the compiled rules what both engines answered."""
        if self._cache is not None and self.regexes:
            with suppress(OSError):
                _keep(self._cache / f"{self.key()}.agreed", answers.encode())

    def key(self) -> str:
        """Version, platform and rules as a file name."""
        told = hashlib.sha256()
        for part in (
            *(_VERSION, platform.machine(), platform.system(), _cpu_flags()),
            *(f"{number}\0{regex}\0{FLAGS}" for number, regex in self.regexes),
        ):
            told.update(part.encode())
            told.update(b"\1")
        return f"rules-{_VERSION}-{told.hexdigest()[:32]}"


def compile_here(patterns: Sequence[bytes], numbers: Sequence[int]) -> bytes:
    """A serialised database. Raises InputError: rule_invalid. Blocks with the GIL released."""
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=list(patterns), ids=list(numbers), flags=[FLAGS] * len(patterns)
        )
    except hyperscan.HyperscanError as error:
        message = f"the rules do not compile: {error}. No rule was loaded."
        raise input_error("rule_invalid", message) from error
    return bytes(hyperscan.dumpb(database))


def _opened(blob: bytes) -> "hyperscan.Database":
    database = hyperscan.loadb(blob, mode=hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)
    return database


def _keep(file: Path, blob: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=".draft-")
    with os.fdopen(handle, "wb") as opened:
        opened.write(blob)
    Path(draft).replace(file)


def _cpu_flags() -> str:
    """Databases are for one kind of processor."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return platform.processor()


def default_cache() -> Path | None:
    """Where compiled rules are kept: `$XDG_CACHE_HOME/smstrack`, or `~/.cache/smstrack`."""
    with suppress(RuntimeError):
        base = os.environ.get("XDG_CACHE_HOME")
        return (Path(base) if base else Path.home() / ".cache") / "smstrack"
    return None


def haystack(text: str) -> bytes:
    """A text in the form that rules are matched against."""
    return read(text)[0]

"""Row D17's ThreadSanitizer: `make tsan` runs rust/engine/tests/threads.rs under it.

Everything is built with it, the standard library too: without that, locks of the library would
be unknown to the sanitizer and each use of one a false report. That takes the library's sources
(`rustup component add rust-src`), or rustup itself, which then fetches them into target/tsan.
There are no suppressions.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from fault_rows import row, skipped

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "target" / "tsan"
TEST = "threads_at_once_agree"
CONTROL = "a_planted_race"
WHAT = "ThreadSanitizer: threads at once on a real disk, no report"


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def said(*command: str) -> str:
    return run(*command).stdout.strip()


def has_sources(sysroot: str) -> bool:
    return (Path(sysroot) / "lib/rustlib/src/rust/library/Cargo.lock").exists()


def toolchain() -> dict[str, str] | None:
    """Variables under which cargo finds a toolchain with the library's sources."""
    sysroot = said("rustc", "--print", "sysroot")
    if has_sources(sysroot):
        return {}
    version = said("rustc", "--version").split()[1]
    own = {"RUSTUP_HOME": str(TARGET / "rustup"), "RUSTUP_TOOLCHAIN": version}
    if not list((TARGET / "rustup").glob("toolchains/*/lib/rustlib/src/rust/library/Cargo.lock")):
        print("fetching the sources of the standard library into target/tsan", flush=True)
        install = ("toolchain", "install", version, "--profile", "minimal", "--no-self-update")
        try:
            done = run("rustup", *install, "--component", "rust-src", **own)
        except FileNotFoundError:
            return None
        if done.returncode != 0:
            return None
    return own


def build(found: dict[str, str]) -> Path:
    """The test program, all of it under the sanitizer."""
    host = re.search(r"^host: (.*)$", said("rustc", "-vV"), re.MULTILINE)
    assert host
    done = run(
        *("cargo", "test", "--release", "--locked", "-p", "smstrack-engine", "--test", "threads"),
        *("-Zbuild-std", "--target", host[1], "--target-dir", str(TARGET), "--no-run"),
        **found,
        RUSTC_BOOTSTRAP="1",
        RUSTFLAGS="-Zsanitizer=thread",
        CARGO_PROFILE_RELEASE_LTO="off",
    )
    program = re.search(r"Executable .*\((.*)\)", done.stderr)
    assert done.returncode == 0, done.stderr
    assert program, done.stderr
    return ROOT / program[1]


def main() -> int:
    found = toolchain()
    if found is None:
        skipped("D17", "ThreadSanitizer: needs rust-src (`rustup component add rust-src`)")
        print("nothing is run under ThreadSanitizer: that needs rust-src", file=sys.stderr)
        return 0
    with row("D17", WHAT) as tried:
        program = str(build(found))
        options = {"TSAN_OPTIONS": "halt_on_error=1 exitcode=66 second_deadlock_stack=1"}
        control = run(program, "--exact", CONTROL, "--ignored", **options)
        assert control.returncode == 66, f"a planted race was not seen: {control.stderr}"
        assert "data race" in control.stderr
        tried.trial("planted race seen")
        seconds = os.environ.get("TSAN_SECONDS", "600")
        options |= {"THREADS_SECONDS": seconds, "FAULT_ROWS": ""}
        done = run(program, "--exact", TEST, "--nocapture", **options)
        print(done.stdout + done.stderr)
        assert done.returncode == 0, "a test failed, or the sanitizer reported"
        tried.trial("seconds without a report", int(seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the documents say is run, or held against the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import smstrack_core as sms
from smstrack_core.cli.app import app
from smstrack_core.segments import SET_NAMES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page.read_text()) if found == language]


PYTHON = [
    pytest.param(text, id=f"{page.name}-{index}")
    for page in PAGES
    for index, text in enumerate(blocks(page, "python"))
]


@pytest.mark.slow
@pytest.mark.parametrize("code", PYTHON)
def test_python_blocks_run_as_written(code: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for expected in re.findall(r"# prints: (.*)", code):
        assert expected in done.stdout, f"the block says it prints {expected!r}"


def test_the_readme_has_its_parts() -> None:
    readme = (ROOT / "README.md").read_text()
    example = blocks(ROOT / "README.md", "python")[0]
    assert len([line for line in example.splitlines() if line.strip()]) <= 16
    for heading in ("Promises", "Not promised", "Limits", "Layout", "Command line"):
        assert re.search(rf"^## .*{heading}", readme, re.MULTILINE), heading
    for command in ("make demo", "make test"):
        assert command in readme


def test_make_targets_that_are_named_exist_and_are_listed() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert targets >= {"help", "setup", "build", "demo", "test", "test-rust", "test-py", "lint",
                       "format", "fuzz", "bench", "ci"}  # fmt: skip
    for page in PAGES:
        for block in blocks(page, "console"):
            for target in re.findall(r"^make ([a-z-]+)", block, re.MULTILINE):
                assert target in targets, f"{page.name}: make {target}"
    assert "make ci" in (ROOT / ".ci" / "run").read_text()


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    commands = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    } | {group.name for group in app.registered_groups if group.name}
    readme = (ROOT / "README.md").read_text()
    assert commands == {
        *("serve", "demo", "decode", "providers", "verify", "report", "segment", "check"),
        *("backup", "repair", "log", "replay"),
        *("dead-letters", "profile", "rules", "classify"),
        *("explain", "reviews", "replies", "relabel", "consent"),
    }
    commands = {name.removesuffix("_command") for name in commands}
    for command in commands:
        assert f"smstrack {command}" in readme, command
    for page in PAGES:
        for block in blocks(page, "console"):
            for command in re.findall(r"^(?:\.venv/bin/)?smstrack ([a-z-]+)", block, re.MULTILINE):
                assert command in commands, f"{page.name}: smstrack {command}"


def test_every_public_name_and_every_set_is_documented() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    for name in sms.__all__:
        assert f"`{name}" in text or f".{name}" in text or f"`sms.{name}" in text, name
        assert getattr(sms, name).__doc__ or name == "__version__", name
    segments = (ROOT / "docs" / "segments.md").read_text()
    for name in SET_NAMES:
        assert f"`{name}`" in segments, name


def test_every_dependency_is_explained_and_locked() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    lock = (ROOT / "requirements.lock").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    declared = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert declared
    for name in re.findall(r'"([a-z][a-z0-9-]*)', declared[1]):
        assert f"`{name}`" in page, name
        assert re.search(rf"^{name}==", lock, re.MULTILINE), name
    workspace = (
        (ROOT / "Cargo.toml").read_text().split("[workspace.dependencies]")[1].split("\n[")[0]
    )
    for name in re.findall(r"^([a-z0-9_]+) = ", workspace, re.MULTILINE):
        if not name.startswith("smstrack"):
            assert f"`{name}`" in page, name


def test_links_within_the_documents_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

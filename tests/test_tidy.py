"""Rules of the house, as tests whose messages name the remedy."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "python" / "smstrack_core"
FILES = sorted(PACKAGE.rglob("*.py"))
LINES_MAX = 400
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_python_files_are_short_and_say_what_they_own(file: Path) -> None:
    source = file.read_text()
    lines = source.splitlines()
    assert len(lines) <= LINES_MAX, "split the file along what it owns"
    assert max(map(len, lines), default=0) <= COLUMNS_MAX
    tree = ast.parse(source)
    assert ast.get_docstring(tree), "say in the first line what the file owns"
    for function in functions(tree):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= FUNCTION_LINES_MAX, f"{function.name} does not fit a screen; split it"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_banned_names(file: Path) -> None:
    assert file.stem not in ("utils", "util", "helpers", "common", "misc"), "name what it owns"
    is_cli = "cli" in file.relative_to(PACKAGE).parts
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            for module in modules:
                assert module.split(".")[0] != "asyncio", "Trio only; there is no asyncio bridge"
                assert module != "re" or file.name == "values.py", (
                    "no `re` on text from outside: its time is not bounded"
                )
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called != "print" or is_cli, "only the command line prints; return or raise"
            assert called != "time.sleep", "use trio.sleep, or an event"
            assert not called.startswith("logging."), "facts come back in results and stats()"


def test_files_of_the_rest_are_short_too() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.rs", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    tests = ("tests", "fuzz", "benches", "tests.rs")
    too_long = [
        name
        for name in listed
        if not set(Path(name).parts) & set(tests)
        and (ROOT / name).exists()
        and len(before_tests(ROOT / name)) > LINES_MAX
    ]
    assert too_long == [], "split these along what they own"


def before_tests(file: Path) -> list[str]:
    """A Rust file's lines without its own unit tests."""
    return file.read_text().split("#[cfg(test)]\nmod tests {")[0].splitlines()


def test_the_architecture_page_names_every_file() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    for file in FILES:
        name = file.relative_to(PACKAGE)
        shown = f"`{name.parent}/`" if name.stem == "__init__" else f"`{name}`"
        if str(name) != "__init__.py":
            assert shown in page, f"docs/architecture.md does not say what {name} owns"

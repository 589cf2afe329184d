"""Where words go: results to stdout, progress and errors to stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

INTERRUPTED: Final = 130
"""Exit code of a command that Ctrl-C ended, as shells count it."""

_ERRORS = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def print_line(text: str) -> None:
    """One result on stdout, at once: a reader at the other end of a pipe may be waiting."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """One line for a person on stderr; above a progress bar if one is running."""
    _ERRORS.print(text)


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A progress bar on stderr, only where stderr is a terminal."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_ERRORS, disable=not _ERRORS.is_terminal) as bar:
        yield bar


def advance(bar: Progress) -> Callable[[int, int], None]:
    """A function that moves a bar: so many done, of so many."""
    task = bar.add_task("", total=None)

    def move(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return move


@contextmanager
def exit_if_interrupted() -> Iterator[None]:
    """Ctrl-C, alone or among the errors of tasks that it ended, is one line and exit code 130."""
    try:
        yield
    except (KeyboardInterrupt, BaseExceptionGroup) as error:
        errors = flatten(error) if isinstance(error, BaseExceptionGroup) else [error]
        if not any(isinstance(one, KeyboardInterrupt) for one in errors):
            raise
        say("interrupted")
        raise typer.Exit(INTERRUPTED) from None


def flatten(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors in a nest of groups, in order."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += flatten(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found

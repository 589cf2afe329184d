"""Files that appear whole under their name or not at all. Blocks on disk."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def whole_file(target: Path, encoding: str = "ascii") -> Iterator[TextIO]:
    """A file written beside its target under a name of its own, synced, then renamed.

    Readable by its owner only. Two writers of one target never share a draft; the last one wins.

    Raises:
        OSError: Names the target; the draft is gone.
    """
    if not target.name or target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a directory; name a file", str(target))
    try:
        descriptor, draft = tempfile.mkstemp(
            prefix=f".{target.name[:32]}.", suffix=".part", dir=target.parent
        )
    except OSError as error:
        raise _about(target, error) from None
    try:
        with open(descriptor, "w", encoding=encoding, newline="") as file:  # noqa: PTH123
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    except OSError as error:
        raise _about(target, error) from None
    finally:
        Path(draft).unlink(missing_ok=True)


def _about(target: Path, error: OSError) -> OSError:
    """The same error, about the file that was asked for."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return OSError(error.errno or errno.EIO, reason, str(target))

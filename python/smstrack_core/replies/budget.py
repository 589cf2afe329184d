"""How long the rules may work on one reply. Knows nothing of rules, labels or what follows."""

from time import monotonic, thread_time
from typing import final

from smstrack_core.replies.limits import JUDGE_CPU_S


class TooSlow(Exception):  # noqa: N818 - a verdict on a rule; replies are never refused for it
    """The rules worked on one reply for longer than `JUDGE_CPU_S`."""


@final
class Budget:
    """CPU of one reply. Time in which the thread did not run is no rule's fault."""

    __slots__ = ("_began_s", "_ends_s")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A reply begins."""
        self._began_s = thread_time()
        self._ends_s = monotonic() + JUDGE_CPU_S

    def look(self) -> None:
        """Asked after every scan, which itself is bounded by its text.

        Raises TooSlow when the reply has had its time.
        """
        if monotonic() > self._ends_s and thread_time() - self._began_s > JUDGE_CPU_S:
            raise TooSlow

"""The command line: `smstrack serve|demo|decode|report|segment|check|classify|rules`.

The only part of the package that prints. Results go to stdout, everything else to stderr.
Exit codes: 0 done, 1 it failed (one line says why), 2 the command was not understood.
"""

from smstrack_core.cli.app import main

__all__ = ["main"]

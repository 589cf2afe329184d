"""`python -m smstrack_core` is `smstrack`."""

from smstrack_core.cli import main

main()

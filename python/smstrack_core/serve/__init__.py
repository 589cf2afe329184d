"""The ingest door inside a Trio program: one nursery, one poller, one orderly end."""

from smstrack_core.serve.server import Server, serve

__all__ = ["Server", "serve"]

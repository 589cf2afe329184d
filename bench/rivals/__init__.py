"""Servers to compare with: three that only answer, and our own without fdatasync."""

"""Servers that only answer, to compare with."""

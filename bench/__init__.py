"""Benches: each prints ratios measured side by side in one run. See README.md."""

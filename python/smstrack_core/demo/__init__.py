"""The demo: the traffic twin against a real server that is killed half-way, checked to the unit."""

from smstrack_core.demo.run import DemoResult, run_demo

__all__ = ["DemoResult", "run_demo"]

"""Reports: the engine's figures of one campaign, and words and tables for people."""

from smstrack_core.reports.model import BALANCE_SETS, Report

__all__ = ["BALANCE_SETS", "Report"]

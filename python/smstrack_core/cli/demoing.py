"""What the demo prints: the report, the balance sheet, the export, and the verdict."""

import orjson
from rich.console import Console
from rich.table import Table

from smstrack_core.cli.output import print_line
from smstrack_core.demo import DemoResult


def print_demo(result: DemoResult, *, as_json: bool) -> int:
    """Prints the outcome; returns the exit code: 0 if every figure agrees, else 1."""
    differences = result.differences
    if as_json:
        print_line(orjson.dumps(_plain(result)).decode())
        return 1 if differences else 0
    exported = result.exported
    print_line(str(result.report))
    print_line("")
    print_line(
        f"Non-responders: {result.non_responders:,}. Exported {exported.written:,} to "
        f"{exported.path} ({exported.suppressed:,} suppressed left out)."
    )
    if not differences:
        print_line(f"All {len(result.checks):,} figures agree with the generator's ledger: exact.")
        return 0
    table = Table(title="Differences from the ledger")
    for heading in ("figure", "ledger", "engine"):
        table.add_column(heading, overflow="fold")
    for check in differences:
        table.add_row(check.what, str(check.expected), str(check.found))
    Console().print(table)
    print_line(f"{len(differences)} of {len(result.checks):,} figures differ from the ledger.")
    return 1


def _plain(result: DemoResult) -> dict[str, object]:
    return {
        "exact": not result.differences,
        "checks": len(result.checks),
        "differences": [
            {"figure": check.what, "ledger": check.expected, "engine": check.found}
            for check in result.differences
        ],
        "non_responders": result.non_responders,
        "export": str(result.exported.path),
        "exported": result.exported.written,
        "suppressed": result.exported.suppressed,
        "balance": result.report.balance(),
        **result.figures,
    }

"""What `generate` says in the end."""

import sys

from punie_data.generate.dataset import Report
from punie_data.generate.engine import Ledger
from punie_data.plain import plain_line


def closing_table(report: Report, ledger: Ledger) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 132)
    table = Table(box=None, pad_edge=False)
    table.add_column("generator", no_wrap=True)
    table.add_column("examples", justify="right")
    table.add_column("rejected", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("mostly because", overflow="ellipsis", no_wrap=True)
    for name, entry in sorted(report.generators.items()):
        reasons = entry["rejected"]
        why = max(sorted(reasons), key=lambda reason: reasons[reason]) if reasons else ""
        seconds = f"{entry['seconds']:.1f}" if entry["seconds"] else ""
        table.add_row(name, str(entry["examples"]), str(sum(reasons.values()) or ""), seconds, why)
    console.print(table)
    kinds = ", ".join(f"{count} {kind}" for kind, count in report.kinds.items())
    console.print(f"\n{report.examples} examples ({kinds}), {report.rejected} rejected, in {report.out}")
    if report.over_cap:
        console.print(f"{report.over_cap} more were left out by the cap or the limit")
    if report.redactions:
        console.print(f"{report.redactions} addresses, numbers or names of people were taken out of results")
    for line in report.unavailable[:8]:
        console.print(plain_line(f"not made: {line}"), markup=False)
    if len(report.unavailable) > 8:
        console.print(f"not made: {len(report.unavailable) - 8} more, in manifest.json")
    for line in ledger.failures:
        console.print(plain_line(f"failed: {line}"), markup=False)
    if ledger.cached_shards:
        console.print(
            f"{ledger.cached_shards} of {ledger.cached_shards + ledger.made_shards} parts were unchanged and taken from the cache"
        )
    console.print(
        f"{sum(ledger.seconds.values()):.1f} s (reading {ledger.seconds.get('reading', 0):.1f}, mining {ledger.seconds.get('mining', 0):.1f})"
    )
    console.print(f"\nLook at some:  punie-data show {report.out}")

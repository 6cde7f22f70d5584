"""`punie-data suite import`: public benchmarks from the files that a user has, as suites."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson

_out = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")  # fmt: skip
_json = click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")


@click.group(
    "import",
    epilog="Example:  punie-data suite import when2call --from when2call_test_mcq.jsonl --out suites/when2call.jsonl",
)
def import_() -> None:
    """Make a suite of a public benchmark's own files. Nothing is fetched, and nothing of the benchmark is run."""


@import_.command(
    epilog="""\b
Examples:
  pip download --no-deps bfcl-eval
  punie-data suite import bfcl --from bfcl_eval-2026.3.23-py3-none-any.whl --out suites/bfcl.jsonl
  punie-data suite import bfcl --from bfcl_eval/data --category simple_python,irrelevance --out suites/two.jsonl"""
)
@click.option("--from", "source", required=True, type=click.Path(path_type=Path, exists=True), metavar="WHEEL|FOLDER", help="The wheel bfcl-eval, or a folder with BFCL_*.json and possible_answer.")  # fmt: skip
@click.option("--category", "categories", metavar="NAMES", help="Only these categories (comma between).  [default: all that can be asked]")  # fmt: skip
@_out
@_json
def bfcl(source: Path, categories: str | None, out: Path, as_json: bool) -> None:
    """Take the single turns in Python of the Berkeley Function-Calling Leaderboard.

    All the values that an argument may have are kept, and `evaluate` compares as BFCL's own checker does. Categories that need several turns, other languages
    or tools that run are left out and counted.
    """
    from punie_data import dataset
    from punie_data.evaluate.bfcl import import_bfcl

    dataset.refuse_input(out, [source] if source.is_file() else [])
    names = [name.strip() for name in categories.split(",") if name.strip()] if categories else None
    _tell(import_bfcl(source, out, names), out, as_json)


@import_.command(
    epilog="Example:  punie-data suite import when2call --from when2call_test_mcq.jsonl --out suites/when2call.jsonl"
)
@click.option("--from", "source", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE", help="When2Call's test set, JSON Lines.")  # fmt: skip
@_out
@_json
def when2call(source: Path, out: Path, as_json: bool) -> None:
    """Take the tests of When2Call: to call, to ask, to decline, or to answer.

    All answers are kept as choices: `evaluate --by-likelihood` decides between them without writing anything.
    """
    from punie_data import dataset
    from punie_data.evaluate.when2call import import_when2call

    dataset.refuse_input(out, [source])
    _tell(import_when2call(source, out), out, as_json)


def _tell(manifest: Mapping[str, Any], out: Path, as_json: bool) -> None:
    """What was written and what was left out; the answers themselves are in the manifest."""
    told = manifest["suite"]
    counts = told["counts"]
    if as_json:
        kept = {key: value for key, value in told["benchmark"].items() if key not in ("answers", "choices")}
        told = told | {"benchmark": kept, "file": str(out)}
        click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts["kinds"].items())
    click.echo(f"{counts['queries']} queries ({kinds}): {out}")
    if told["benchmark"]["name"] == "bfcl":
        for name, count in counts["categories"].items():
            click.echo(f"  {name.partition('/')[2]}: {count}")
    for reason, count in counts.get("dropped", {}).items():
        click.echo(f"  left out, {reason}: {count}")

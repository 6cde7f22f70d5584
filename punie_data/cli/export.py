"""`punie-data export`: rows for a trainer."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows
from punie_data.cli.unread import IN_REJECTED, end_unless_all_read
from punie_data.dialects import DIALECTS
from punie_data.errors import UserError
from punie_data.plain import plain_line

if TYPE_CHECKING:
    from punie_data.export import Report

TARGETS = ("mlx-lm", "openai", "trl", "axolotl", "sharegpt")


@click.command(
    epilog="""\b
Examples:
  punie-data export data/sample --dialect hermes --for openai --out data/openai
  punie-data export data/mine --tokenizer models/qwen --max-seq-length 8192 --out data/mlx"""
)
@click.argument("source", metavar="DATASET", type=Rows())
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder to write."
)
@click.option(
    "--dialect", type=click.Choice(list(DIALECTS)), default="native", show_default=True,
    help="How calls and results are written down; native leaves it to the chat template.",
)  # fmt: skip
@click.option(
    "--for", "target", type=click.Choice(TARGETS), default="mlx-lm", show_default=True,
    help="The trainer that will read the rows.",
)  # fmt: skip
@click.option(
    "--tokenizer", type=click.Path(path_type=Path), metavar="FOLDER",
    help="The model's folder: tokenizer.json and the chat template. mlx-lm needs it.",
)  # fmt: skip
@click.option(
    "--max-seq-length", type=click.IntRange(min=1), default=2048, show_default=True,
    help="Leave out what has more tokens: a trainer would cut it.",
)  # fmt: skip
@click.option(
    "--batch-size", type=click.IntRange(min=1), default=4, show_default=True,
    help="The batch for which rows are put in order (mlx-lm).",
)  # fmt: skip
@click.option(
    "--license", "licences", multiple=True, metavar="NAMES",
    help="Only rows under these licences (SPDX identifiers, comma between). Repeatable.",
)  # fmt: skip
@click.option(
    "--to", "form", type=click.Choice(("jsonl", "parquet", "hub")), default="jsonl", show_default=True,
    help="JSON Lines, Parquet files with a card, or those on the Hugging Face hub.",
)  # fmt: skip
@click.option("--repo-id", metavar="OWNER/NAME", help="The dataset on the hub.")
@click.option("--public", is_flag=True, help="Make a new dataset on the hub public.  [default: private]")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def export(
    source: Path,
    out: Path,
    dialect: str,
    target: str,
    tokenizer: Path | None,
    max_seq_length: int,
    batch_size: int,
    licences: tuple[str, ...],
    form: str,
    repo_id: str | None,
    public: bool,
    as_json: bool,
) -> None:
    """Write a dataset as the rows that a trainer reads.

    DATASET is a dataset folder, or a file of rows in any format that `validate` reads. Tools' names become signatures, the system prompt comes
    from the manifest, and what can't be written so that it is read back as it was goes to rejected.jsonl with the reason. Nothing goes to the hub
    in which `scan` finds a secret or personal data. Exits with 0, or with 1 when lines could not be read.
    """
    from punie_data.dataset import part_files, refuse_input
    from punie_data.export import Options
    from punie_data.export import export as write
    from punie_data.licences import allowed

    if (form == "hub") != (repo_id is not None):
        raise UserError("--to hub and --repo-id OWNER/NAME belong together")
    options = Options(dialect, target, tokenizer, max_seq_length, batch_size, allowed(licences))
    total = sum(path.stat().st_size for path in part_files(source).values())
    refuse_input(out, [source])
    address = ""
    with progress(quiet=as_json) as shown, ExitStack() as stack:
        shown.stage("exporting", total)
        rows = out
        if form != "jsonl":
            rows = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="punie-data-"))) / "rows"
        report = write(source, rows, options, shown.advance)
        report.out = out
        if form != "jsonl":
            from punie_data.export.published import push, refuse_residue, write_parquet

            if form == "hub":
                refuse_residue(rows)
            write_parquet(rows, out)
            address = push(out, str(repo_id), not public) if form == "hub" else ""
    if as_json:
        click.echo(orjson.dumps({**report.to_json(), "hub": address}, option=orjson.OPT_INDENT_2))
        end_unless_all_read(report.unread, told=True)
        return
    for line in _told(report, options.target, max_seq_length, batch_size):
        click.echo(plain_line(line))
    if address:
        click.echo(f"published at {plain_line(address)}")
    end_unless_all_read(report.unread, IN_REJECTED)


def _told(report: "Report", target: str, max_seq_length: int, batch_size: int) -> Iterator[str]:
    for name, written in report.files.items():
        line = f"{name}: {written.rows:,} rows of {written.records:,} records"
        if written.longest:
            line += f", the longest has {written.longest:,} tokens"
        if target == "mlx-lm" and written.rows:
            line += f", {written.padding:.1%} padding ({written.padding_before:.1%} before sorting)"
        yield line if written.rows else f"{line}: no file"
        if written.never_read:
            yield f"  {written.never_read} rows fill no batch of {batch_size}, and mlx-lm never reads them"
    for reason, count in report.left_out.items():
        yield f"left out: {count:,} × {reason}"
    if report.longest_left_out:
        yield f"  with --max-seq-length {report.longest_left_out} none would be too long"
    if report.form == "text":
        yield 'the chat template has no prompt that is a prefix of the whole: rows are {"text"}, to be trained without --mask-prompt'
    yield f"in {report.out}"

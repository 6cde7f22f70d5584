"""`punie-data export`: rows for a trainer."""

from pathlib import Path

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.dialects import DIALECTS
from punie_data.plain import plain_line

TARGETS = ("mlx-lm", "openai", "trl", "axolotl", "sharegpt")


@click.command(
    epilog="""\b
Examples:
  punie-data export data/sample --dialect hermes --for openai --out data/openai
  punie-data export data/mine --tokenizer models/qwen --max-seq-length 8192 --out data/mlx"""
)
@click.argument("source", metavar="DATASET", type=click.Path(path_type=Path))
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
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def export(
    source: Path,
    out: Path,
    dialect: str,
    target: str,
    tokenizer: Path | None,
    max_seq_length: int,
    batch_size: int,
    as_json: bool,
) -> None:
    """Write a dataset as the rows that a trainer reads.

    DATASET is a dataset folder, or a file of rows in any format that `validate` reads. Tools' names become signatures, the system prompt comes
    from the manifest, and what can't be written so that it is read back as it was goes to rejected.jsonl with the reason.
    """
    from punie_data.dataset import part_files
    from punie_data.export import Options, Report
    from punie_data.export import export as write

    options = Options(dialect, target, tokenizer, max_seq_length, batch_size)
    total = sum(path.stat().st_size for path in part_files(source).values())
    with progress(quiet=as_json) as shown:
        shown.stage("exporting", total)
        report: Report = write(source, out, options, shown.advance)
    if as_json:
        click.echo(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2))
        return
    for line in _told(report, options.target, max_seq_length, batch_size):
        click.echo(plain_line(line))


def _told(report, target: str, max_seq_length: int, batch_size: int):
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
        yield f"  the longest has {report.longest_left_out:,} tokens: --max-seq-length"
    if report.form == "text":
        yield 'the chat template has no prompt that is a prefix of the whole: rows are {"text"}, to be trained without --mask-prompt'
    yield f"in {report.out}"

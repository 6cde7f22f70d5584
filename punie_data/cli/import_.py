"""`punie-data import`: rows of any format become records."""

from pathlib import Path

import click
import orjson

from punie_data.cli.progress import progress
from punie_data.cli.rows import Rows
from punie_data.cli.unread import end_unless_all_read
from punie_data.dataset import part_files
from punie_data.importing.convert import Imported, Options, convert, size_of
from punie_data.importing.reader import NAMES
from punie_data.plain import plain_line

_LARGE = 20_000_000
"""Bytes that take longer than two seconds or so."""


@click.command(
    "import",
    epilog="Examples:\n\n\b\n  punie-data import old.jsonl --out data/old\n"
    "  punie-data import train.jsonl valid.jsonl --out data/glaive --license Apache-2.0\n"
    "  punie-data import ~/.claude/projects/shop/1f0c.jsonl --out data/sessions",
)
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=Rows())
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="A folder for a dataset with its manifest, or a file if its name ends in .jsonl.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(NAMES),
    default="auto",
    show_default=True,
    metavar="NAME",
    help=f"Take every line for this format: {', '.join(NAMES)}.",
)
@click.option(
    "--license",
    "license_",
    default="unknown",
    show_default=True,
    help="The licence of rows that don't say theirs.",
)
@click.option(
    "--tools",
    multiple=True,
    metavar="NAMES",
    help="Tools, with commas, that were offered where a row does not say which were.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def import_(
    paths: tuple[Path, ...],
    out: Path,
    format_: str,
    license_: str,
    tools: tuple[str, ...],
    as_json: bool,
) -> None:
    """Turn rows of any format that is found in the wild into records.

    Reads OpenAI and Anthropic messages, ChatML and Llama texts, prompt and completion, ShareGPT, Hermes, Glaive, xLAM, When2Call, Alpaca, calls in tags,
    fences, XML or Python code, and the session files of Claude Code and Codex; JSON Lines or one JSON array. What can't be converted goes to
    rejected.jsonl with the reason and its line. Exits with 0, or with 1 when lines could not be read or there is no record at all.
    """
    names = tuple(dict.fromkeys(name.strip() for given in tools for name in given.split(",") if name.strip()))
    for path in paths:
        part_files(path)  # what is wrong with a name is said before its size is asked for
    size = size_of(paths)
    with progress(as_json or size < _LARGE) as shown:
        shown.stage("import", size)
        done = convert(paths, out, Options(format_, license_, names), shown.advance)
    if as_json:
        click.echo(orjson.dumps(done.to_json(), option=orjson.OPT_INDENT_2))
    else:
        click.echo(summary(done, out))
    end_unless_all_read(sum(done.rejected.values()), told=True)
    if not done.rows:
        raise SystemExit(1)


def summary(done: Imported, out: Path) -> str:
    """What became of the rows, in a few lines."""
    lost = sum(done.rejected.values())
    lines = [f"{out}: {_count(done.rows, 'record')}, {lost:,} rejected"]
    if done.formats:
        lines.append("  from " + _listed(done.formats))
    if done.untouched:
        lines.append(f"  {_count(done.untouched, 'row')} were records already and went through as they are")
    if done.rows:
        lines.append("  kinds " + _listed(done.kinds))
    if done.not_rows:
        lines.append(f"  {_count(done.not_rows, 'line')} about the session and not said in it, left out")
    if done.folded:
        lines.append(f"  {_count(done.folded, 'row')} of earlier turns, which the records hold as well")
    if done.prompts > 1:
        lines.append(
            f"  {done.prompts} system prompts: the most common one is the dataset's, the manifest keeps the others with their rows"
        )
    if done.tools:
        lines.append(
            f"  {_count(done.tools, 'tool')} described by the rows: the signatures are in the manifest"
        )
    if done.undescribed:
        lines.append(
            f"  {_count(done.undescribed, 'tool')} that no row describes: the manifest holds what their calls show of the parameters"
        )
    for reason, number in sorted(done.rejected.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"  rejected {number:,}: {plain_line(reason)}")
    return "\n".join(lines)


def _listed(counter: dict[str, int]) -> str:
    return ", ".join(
        f"{name} {number:,}" for name, number in sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

"""`punie-data validate`: the rules over files."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Protocol

import click

from punie_data import jsonl
from punie_data.errors import UserError
from punie_data.plain import plain_line
from punie_data.validate import config
from punie_data.validate.catalogue import BY_CODE, RULES
from punie_data.validate.files import Checked, dataset_files
from punie_data.validate.output import GithubOutput, JsonOutput, Totals, Write, count, summary
from punie_data.validate.paths import check_paths
from punie_data.validate.rule import Finding

_DEFAULT_LIMIT = 100
"""Findings in a text: more are no help to a person."""
_LONG = 4 * 1024 * 1024
"""Bytes that take more than two seconds."""


class Output(Protocol):
    """What writes findings down, in one of `config.FORMATS`."""

    def begin(self) -> None: ...
    def finding(self, finding: Finding) -> None: ...
    def end(self, totals: Totals) -> None: ...


@click.command(
    epilog="Examples:\n\n\b\n  punie-data validate data/sample --ignore PD5\n  punie-data validate data/sample --format sarif > findings.sarif",
)
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--select",
    multiple=True,
    metavar="CODES",
    help="Only these rules: codes, beginnings of codes, names or ALL, with commas.",
)
@click.option("--extend-select", multiple=True, metavar="CODES", help="These rules too.")
@click.option("--ignore", multiple=True, metavar="CODES", help="All rules but these.")
@click.option("--strict/--no-strict", default=None, help="Warnings count as errors.")
@click.option(
    "--format",
    "form",
    type=click.Choice(config.FORMATS),
    default=None,
    help="How findings are written.  [default: text]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--limit-findings",
    type=click.IntRange(min=0),
    default=None,
    help=f"Print at most so many; 0 prints all.  [default: {_DEFAULT_LIMIT} as text and for github, else all]",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Settings from this file and not from the nearest pyproject.toml.",
)
@click.option("--isolated", is_flag=True, help="Read no settings from any file.")
@click.option(
    "--fix", is_flag=True, help="Mend what has one right answer. Alone it only shows what it would do."
)
@click.option("--in-place", is_flag=True, help="With --fix: replace the files.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="With --fix: write the mended FILE, or the mended dataset, here.",
)
@click.option("--diff", is_flag=True, help="Print what --fix would change as a patch, and nothing else.")
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Also check the rows as the model in this folder reads them (PD80x); tokenizer.json and a chat template are enough.",
)
@click.option(
    "--max-seq-length",
    type=click.IntRange(min=1),
    default=None,
    help="With --tokenizer: tokens that the training takes of a row.  [default: 2048]",
)
@click.option(
    "--dialect",
    default="",
    metavar="NAME",
    help="With --tokenizer: how calls are written.  [default: native, json-fence for a template without tools]",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    help="Worker processes for large files.  [default: one for each core]",
)
def validate(
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    extend_select: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool | None,
    form: str | None,
    as_json: bool,
    limit_findings: int | None,
    exit_zero: bool,
    config_file: Path | None,
    isolated: bool,
    fix: bool,
    in_place: bool,
    out: Path | None,
    diff: bool,
    tokenizer: Path | None,
    max_seq_length: int | None,
    dialect: str,
    jobs: int | None,
) -> None:
    """Check rows against the schema and every rule that rows can break.

    FILE is a file of rows, `-` for standard input, or a folder whose examples.jsonl, train.jsonl, valid.jsonl and test.jsonl are checked. Prints
    `file:line: CODE message` for each finding; `punie-data explain CODE` tells what a code means. Exits with 0 when there is no error, with 1
    when there is, with 2 when it can't be told.

    Settings are read from the table [tool.punie-data] of the nearest pyproject.toml that has one: select, extend-select, ignore,
    extend-ignore, per-file-ignores, strict, format, limit-findings, jobs, tokenizer, max-seq-length and dialect.
    """
    if (in_place or out is not None) and (not fix or diff or (in_place and out is not None)):
        raise UserError(
            "--in-place and --out say where --fix writes: give --fix with one of them, and no --diff"
        )
    settings = _settings(config_file, isolated)
    tokenizer = tokenizer or settings.tokenizer
    if tokenizer is None and (max_seq_length is not None or dialect):
        raise UserError("--max-seq-length and --dialect say what --tokenizer checks: give --tokenizer FOLDER")
    max_seq_length, dialect = max_seq_length or settings.max_seq_length, dialect or settings.dialect
    given = config.Selection(_codes(select) or None, _codes(extend_select), _codes(ignore))
    codes = config.rules_left((settings.selection, given))
    if tokenizer is None and codes and all(BY_CODE[code].scope == "target" for code in codes):
        raise UserError(f"{codes[0]} is found with --tokenizer FOLDER only")
    ignored_in = cache(settings.ignored_in)

    def codes_for(file: str) -> list[str]:
        return [code for code in codes if code not in ignored_in(file)]

    form = "json" if as_json else form or settings.format
    output, limit = _output(
        form, codes, settings.limit_findings if limit_findings is None else limit_findings
    )
    preview = fix and not in_place and out is None
    totals = Totals()
    with ExitStack() as stack:
        paths, shown = _held(paths, stack)
        if shown and in_place:
            raise UserError("what comes through a pipe can't be replaced: name a place with --out")
        if diff:
            from punie_data.cli.mending import show_diff, told_repairs

            repairs = show_diff(dataset_files(paths), shown, codes_for)
            click.echo(told_repairs(repairs, would=True), err=True)
            raise SystemExit(int(bool(repairs.rows) and not exit_zero))
        if fix:
            from punie_data.cli.mending import mend, telling, told_repairs

            tell = telling(limit) if preview and form == "text" else lambda file, line: None
            mending = mend(paths, shown, out, in_place, codes_for, tell, stack)
            files, shown = list(mending.checked), {str(file): name for file, name in mending.checked.items()}
            totals.mended = {"rows": mending.repairs.rows, "by_code": mending.repairs.by_code}
        else:
            files = dataset_files(paths)
        output.begin()
        checks = check_paths(files, _as_selected(codes), jobs or settings.jobs)
        if sum(map(_size, files)) > _LONG and sys.stderr.isatty():
            checks = _watched(checks, totals)
        measured: list[str] = []
        if tokenizer is not None:
            checks = chain(
                checks, _as_a_model_reads(files, codes, tokenizer, dialect, max_seq_length, measured)
            )
        for checked in checks:
            totals.rows += checked.rows
            totals.files += checked.first_part
            for found in checked.findings:
                finding = replace(found, file=shown[found.file]) if found.file in shown else found
                if settings.per_file_ignores and finding.code in ignored_in(finding.file):
                    continue
                totals.add(finding)
                if not limit or totals.findings <= limit:
                    output.finding(finding)
        output.end(totals)
        if form == "text":
            for line in measured:
                click.echo(line)
    if fix and form != "json":
        hint = (
            "; --in-place or --out FILE does it, --diff shows it" if preview and mending.repairs.rows else ""
        )
        click.echo(told_repairs(mending.repairs, preview) + hint, err=form != "text")
    failed = totals.errors or (totals.warnings and (settings.strict if strict is None else strict))
    if not exit_zero and (failed or (preview and mending.repairs.rows)):
        raise SystemExit(1)


def _held(paths: Sequence[Path], stack: ExitStack) -> tuple[list[Path], dict[str, str]]:
    """The paths, and for each that was a pipe, or `-`, a file that holds what came through it; the names of those by the file's."""
    held, names = [], {}
    for path in paths:
        if str(path) != "-" and (not path.exists() or path.is_dir() or path.is_file()):
            held.append(path)
            continue
        source = Path("/dev/stdin") if str(path) == "-" else path
        if path is source and (path.is_block_device() or path.is_char_device()):
            raise UserError(f"{path} is a device, and no file of rows")  # some of them never end
        import shutil

        from punie_data.temporary import temporary_root

        name = "stdin" if str(path) == "-" else path.name
        file = stack.enter_context(temporary_root()) / f"{name}.jsonl"
        with jsonl.opened(source) as coming, jsonl.whole_file(file) as going:
            shutil.copyfileobj(coming, going)
        held.append(file)
        names[str(file)] = str(path)
    return held, names


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _watched(checks: Iterator[Checked], totals: Totals) -> Iterator[Checked]:
    """The same; meanwhile something moves on the terminal, and says how far it is."""
    from rich.console import Console

    with Console(stderr=True).status("checking") as status:
        for checked in checks:
            yield checked
            status.update(f"checking: {totals.rows:,} rows, {count(totals.findings, 'finding')}")


def _as_a_model_reads(
    files: Sequence[Path],
    codes: Sequence[str],
    folder: Path,
    dialect: str,
    limit: int | None,
    measured: list[str],
) -> Iterator[Checked]:
    """What the rules about the target find; `measured` is given the closing lines."""
    from punie_data.cli.progress import progress
    from punie_data.validate.tokenizer import MAX_SEQ_LENGTH, Measured, Tokenizer, check_tokenizer

    target, found = Tokenizer(folder, dialect), Measured()
    with progress() as shown:
        shown.stage("tokenizing", _count_lines(files))
        yield from check_tokenizer(files, codes, target, limit or MAX_SEQ_LENGTH, found, shown.advance)
    measured += found.told()


def _count_lines(files: Sequence[Path]) -> int:
    count = 0
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                count += block.count(b"\n")
    return count


class TextOutput:
    """`file:line: CODE message`, coloured on a terminal."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def begin(self) -> None:
        pass

    def finding(self, finding: Finding) -> None:
        code = click.style(finding.code, fg="red" if finding.level == "error" else "yellow", bold=True)
        place = click.style(f"{plain_line(finding.place)}:", bold=True)
        click.echo(f"{place} {code} {plain_line(finding.message)}")

    def end(self, totals: Totals) -> None:
        click.echo(summary(totals, self._limit))


def _output(form: str, codes: Sequence[str], limit: int | None) -> tuple[Output, int]:
    """What writes, and how many findings at most (0: all)."""
    write: Write = sys.stdout.write
    for_people = _DEFAULT_LIMIT if limit is None else limit
    if form == "json":
        return JsonOutput(write), limit or 0
    if form == "sarif":
        from punie_data.validate.output_sarif import SarifOutput

        return SarifOutput(write, [BY_CODE[code] for code in codes]), limit or 0
    if form == "github":
        return GithubOutput(write), for_people
    return TextOutput(for_people), for_people


def _settings(file: Path | None, isolated: bool) -> config.Settings:
    if isolated and file is None:
        return config.Settings()
    found = file or config.nearest(Path.cwd())
    return config.read(found) if found is not None else config.Settings()


def _as_selected(codes: Sequence[str]) -> Sequence[str]:
    return () if len(codes) == len(RULES) else codes


def _codes(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code.strip() for value in given for code in value.split(",") if code.strip())

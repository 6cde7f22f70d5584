"""`punie-data validate --fix`: where mended rows go, and what is said of them."""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from punie_data import dataset
from punie_data.errors import UserError
from punie_data.plain import plain, plain_line
from punie_data.temporary import temporary_root
from punie_data.validate.catalogue import BY_CODE
from punie_data.validate.fix import CODES
from punie_data.validate.fix_file import FixedLine, Repairs, fixed_lines, unified_diff, write_fixed
from punie_data.validate.forms import RECORD, form_of
from punie_data.validate.output import count

MENDABLE = (RECORD, "messages")
"""Files of other forms are brought in with the import, which mends on the way."""

CodesFor = Callable[[str], Collection[str]]
Tell = Callable[[str, FixedLine], None]


@dataclass(slots=True)
class Mending:
    """What was mended, and the files to check now: each with the name under which its findings are told."""

    repairs: Repairs = field(default_factory=Repairs)
    checked: dict[Path, str] = field(default_factory=dict)


def mend(
    paths: Sequence[Path],
    names: Mapping[str, str],
    out: Path | None,
    in_place: bool,
    codes_for: CodesFor,
    tell: Tell,
    stack: ExitStack,
) -> Mending:
    """Mend the files of the paths: into `out`, in place, or only to show, into a temporary folder that lasts as long as the stack.

    `names` are those under which files are told that have another name.
    """
    done = Mending()
    if out is not None:
        if len(paths) != 1:
            raise UserError("--out takes the rows of one FILE or folder: name one")
        _into(paths[0], out, codes_for, tell, done)
        return done
    root = None if in_place else stack.enter_context(temporary_root())
    for number, path in enumerate(paths):
        for file in dataset.part_files(path).values():
            if root is None:
                _refuse_dataset(file)
                target = file
            else:
                target = root / str(number) / file.name
                target.parent.mkdir(exist_ok=True)
                if (
                    path.is_dir() and (path / dataset.MANIFEST).is_file()
                ):  # with the system prompt of the rows
                    import shutil

                    shutil.copyfile(path / dataset.MANIFEST, target.parent / dataset.MANIFEST)
            name = names.get(str(file), str(file))
            write_fixed(file, target, codes_for(name), _is_record(file), _told(name, tell, done))
            done.checked.setdefault(target, name)
    return done


def show_diff(files: Sequence[Path], names: Mapping[str, str], codes_for: CodesFor) -> Repairs:
    """Print what mending would change, as a patch."""
    repairs = Repairs()
    terminal = sys.stdout.isatty()

    def counted(lines: Iterator[FixedLine]) -> Iterator[FixedLine]:
        for line in lines:
            if line.done:
                repairs.add(line)
            yield line

    for file in files:
        name = names.get(str(file), str(file))
        for piece in unified_diff(name, counted(fixed_lines(file, codes_for(name), _is_record(file)))):
            click.echo(plain(piece.decode("utf-8", "replace")) if terminal else piece, nl=False)
    return repairs


def told_repairs(repairs: Repairs, would: bool) -> str:
    """One line: how many rows, by code."""
    if not repairs.rows:
        return "nothing to mend"
    names = ", ".join(
        f"{code} {BY_CODE[code].name} × {number}" for code, number in sorted(repairs.by_code.items())
    )
    return f"{'would mend' if would else 'mended'} {count(repairs.rows, 'row')} ({names})"


def telling(limit: int) -> Tell:
    """Prints what would be mended in a line; after `limit` lines nothing more (0: no limit)."""
    told = 0

    def tell(file: str, line: FixedLine) -> None:
        nonlocal told
        for mended in line.done:
            told += 1
            if limit and told > limit:
                return
            place = click.style(f"{plain_line(file)}:{line.number}:", bold=True)
            code = click.style(mended.code, fg="green", bold=True)
            click.echo(f"{place} {code} would mend {plain_line(mended.message)}")

    return tell


def _into(path: Path, out: Path, codes_for: CodesFor, tell: Tell, done: Mending) -> None:
    dataset.refuse_input(out, [path])
    parts = dataset.part_files(path)
    if not path.is_dir():
        if out.exists() and not out.is_file():
            raise UserError(f"{out} is no file that can be replaced: name another with --out")
        write_fixed(path, out, codes_for(str(path)), _is_record(path), _told(str(path), tell, done))
        done.checked[out] = str(out)
        return
    inputs = {file.name: dataset.digest(file) for file in parts.values()}
    codes = sorted(CODES.intersection(codes_for(str(path))))
    step = dataset.Step("validate", {"fix": codes}, inputs, done.repairs.by_code)
    with dataset.claimed(out):
        dataset.write_parts(
            out,
            dataset.manifest_of(path),
            step,
            {
                name: _whole_lines(file, codes_for(str(file)), _told(file, tell, done))
                for name, file in parts.items()
            },
        )
    done.checked.update({out / f"{name}.jsonl": str(out / f"{name}.jsonl") for name in parts})


def _whole_lines(file: Path, codes: Collection[str], told: Callable[[FixedLine], None]) -> Iterator[bytes]:
    held = b""
    for line in fixed_lines(file, codes, _is_record(file)):
        if line.done:
            told(line)
        held += line.new
        if held.endswith(b"\n"):
            yield held
            held = b""
    if held:
        yield held


def _told(name: str, tell: Tell, done: Mending) -> Callable[[FixedLine], None]:
    def told(line: FixedLine) -> None:
        done.repairs.add(line)
        tell(name, line)

    return told


def _is_record(file: Path) -> bool:
    form = form_of(file)
    if form.array or form.name not in MENDABLE:
        what = "stand in one array" if form.array else f"are {form.name}"
        raise UserError(
            f"{file}: its rows {what}, which only an import mends: punie-data import {file} --out FOLDER"
        )
    return form.name == RECORD


def _refuse_dataset(file: Path) -> None:
    """UserError where a manifest holds the file's checksum, which an edit would break."""
    manifest = file.parent / dataset.MANIFEST
    if manifest.exists() and file.name in dataset.read_manifest(file.parent).get("files", {}):
        raise UserError(
            f"{manifest} holds the checksum of {file.name}, which is never edited in place: choose another place with --out"
        )

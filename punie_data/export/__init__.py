"""Export: records → the rows that a trainer reads, in a dialect, for a tokenizer. What can't be written truthfully is left out with its reason."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from punie_data import dataset, importing
from punie_data.dataset import Step
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.export.order import order, padding
from punie_data.export.targets import KEPT
from punie_data.export.writer import Options, Part, Writer

MOST_WITHOUT_MASK = 0.1
"""The share of rows that may be left out for a mask that would be wrong; beyond it the whole set is written as text, which has no mask."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file: `never_read` are the rows behind the last whole batch, `padding` the share of tokens that fill batches up, before the rows were
    put in order and after.
    """

    records: int
    rows: int
    longest: int = 0
    never_read: int = 0
    padding_before: float = 0.0
    padding: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "rows": self.rows,
            "longest": self.longest,
            "never_read": self.never_read,
            "padding_before": round(self.padding_before, 4),
            "padding": round(self.padding, 4),
        }


@dataclass(slots=True)
class Report:
    """`form` is `messages`, or `text` where the template leaves no right mask; `left_out` counts reasons."""

    out: Path
    form: str = "messages"
    files: dict[str, Written] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    longest_left_out: int = 0
    unread: int = 0
    """Lines that could not be read as rows, of those that were left out."""
    parser: str = ""
    """The parser that every rendered call was read back with; "" where there was none to ask."""

    def to_json(self) -> dict[str, Any]:
        return {
            "out": str(self.out),
            "form": self.form,
            "parts": {name: written.to_json() for name, written in self.files.items()},
            "left_out": self.left_out,
            "longest_left_out": self.longest_left_out,
            "unread": self.unread,
            "parser": self.parser,
        }


def export(
    source: Path, out: Path, options: Options, advance: Callable[[int], None] = lambda count: None
) -> Report:
    """Write `source` (a dataset folder or a file of rows) into the folder `out`.

    UserError where nothing would be written, or less than a batch.
    """
    files = dataset.part_files(source)
    dataset.refuse_input(out, [source])
    base = importing.manifest_of(source)
    report = Report(out)
    with Writer(options, base) as writer, dataset.claimed(out):
        parts: dict[str, Part] = {}
        for name, path in files.items():
            target = name if name in ("valid", "test") else "train"
            if target in parts:
                raise UserError(f"{source} holds {name}.jsonl beside train.jsonl: name one of the files")
            parts[target] = writer.part(target)
            before = _stamp(path)
            for count in writer.read(parts[target], path):
                advance(count)
            if _stamp(path) != before:
                raise UserError(f"{path} changed while it was read: export it again when nobody writes to it")
        report.form = _form(parts)
        lines = {name: _lines(part, writer, options, report) for name, part in parts.items()}
        report.left_out = dict(sorted(writer.left_out.items(), key=lambda pair: (-pair[1], pair[0])))
        report.longest_left_out, report.unread = writer.longest_left_out, writer.unread
        report.parser = writer.template.parser if writer.template and options.dialect == "native" else ""
        _refuse_too_few(report, options)
        kept = {name: chosen for name, chosen in lines.items() if report.files[name].rows}
        counts = {
            key: value for key, value in report.to_json().items() if key not in ("out", "unread", "parser")
        }
        inputs = {path.name: dataset.digest(path) for path in files.values()}
        step = Step("export", writer.manifest_options() | {"form": report.form}, inputs, counts)
        dataset.write_parts(out, base, step, kept, map(orjson.loads, writer.rejected.read()))
    return report


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes with a file: which one it is, its size, and when it was written."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _form(parts: dict[str, Part]) -> str:
    """Whether rows can be masked by their messages, or have to be trained whole as text."""
    rows = sum(len(part.rows) for part in parts.values())
    doubtful = sum(len(part.doubtful) for part in parts.values())
    return "text" if doubtful > MOST_WITHOUT_MASK * rows else "messages"


def _lines(part: Part, writer: Writer, options: Options, report: Report) -> Iterator[bytes]:
    """The lines of a part in the order in which they are written, and its figures into the report."""
    if report.form == "text":
        chosen = [number for number in range(len(part.rows)) if part.last[number]]
    else:
        writer.settle(part)
        chosen = [number for number in range(len(part.rows)) if part.masked[number]]
    lengths = [part.lengths[number] for number in chosen]
    if options.target != "mlx-lm":
        report.files[part.name] = Written(part.records, len(chosen), max(lengths, default=0))
    else:
        before = padding(lengths, options.batch_size, options.max_seq_length)
        new = order(lengths, [part.kinds[number] for number in chosen], options.batch_size)
        chosen = [chosen[at] for at in new]
        after = padding([lengths[at] for at in new], options.batch_size, options.max_seq_length)
        over = len(chosen) % options.batch_size
        report.files[part.name] = Written(
            part.records, len(chosen), max(lengths, default=0), over, before, after
        )
    if report.form == "text" and writer.template is not None:
        return (_as_text(line, writer.template) for line in part.rows.read(chosen))
    return part.rows.read(chosen)


def _as_text(line: bytes, template: Template) -> bytes:
    """A row as `{"text"}`: the whole conversation, up to the token that ends it, which mlx-lm would add a second time."""
    row = orjson.loads(line)
    text = template.render(row.pop("messages"), row.pop("tools", None))
    if template.eos_token and text.rstrip().endswith(template.eos_token):
        text = text.rstrip()
    for key in ("turn", "turns"):
        row[KEPT].pop(key, None)
    return orjson.dumps({"text": text, **row})


def _refuse_too_few(report: Report, options: Options) -> None:
    """UserError where a trainer would have nothing to read, or mlx-lm would stop at a part that fills no batch."""
    if not report.files["train" if "train" in report.files else next(iter(report.files))].rows:
        most: Sequence[str] = list(report.left_out)
        why = f", most of them because: {most[0]}" if most else ""
        if report.longest_left_out:
            why += f" (the longest has {report.longest_left_out}: --max-seq-length)"
        raise UserError(f"no row is left to train on{why}")
    if options.target != "mlx-lm":
        return
    for name, written in report.files.items():
        if 0 < written.rows < options.batch_size:
            raise UserError(
                f"{name} has {written.rows} rows, less than a batch of {options.batch_size}, which mlx-lm refuses: "
                "choose a smaller --batch-size, or split again"
            )

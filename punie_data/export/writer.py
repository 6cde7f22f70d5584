"""Records in, rows out: each is rendered, judged under the target's chat template, and kept or left out with a reason."""

from array import array
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from punie_data import dataset, dialects
from punie_data.described import Described, openai_form
from punie_data.dialects.base import Refused, Rendered
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.export import fit
from punie_data.export.spool import Spool
from punie_data.export.targets import KEPT, TARGETS, Target, kept, with_arguments
from punie_data.importing.reader import Reader, read
from punie_data.importing.shape import is_record
from punie_data.jsonl import Line
from punie_data.licences import ANY_LICENCE, REASON, Allowed

TEMPLATE_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")

LONGEST_RAW = 1024 * 1024
"""Characters of a line that could not be read which are kept with its reason."""


@dataclass(frozen=True, slots=True)
class Options:
    """`tokenizer` is the folder of the target's tokenizer and chat template, None to write rows that nobody measured; rows under
    other licences than `licences` are rejected.
    """

    dialect: str = "native"
    target: str = "mlx-lm"
    tokenizer: Path | None = None
    max_seq_length: int = 2048
    batch_size: int = 4
    licences: Allowed = ANY_LICENCE


@dataclass(slots=True)
class Part:
    """The rows of one file in the order of their records; `lengths` (tokens) and `kinds` (numbers) are empty where there is no tokenizer.

    `doubtful` holds, for each row whose mask would be wrong, its line for the rejected rows; `masked` says which rows are right.
    """

    name: str
    rows: Spool
    doubtful: Spool
    records: int = 0
    lengths: array = field(default_factory=lambda: array("l"))
    kinds: array = field(default_factory=lambda: array("b"))
    masked: bytearray = field(default_factory=bytearray)
    last: bytearray = field(default_factory=bytearray)


class Writer:
    """`read` fills a part from a file; `rejected` and `too_long` gather over all of them. A context manager: the spools are its own."""

    def __init__(self, options: Options, manifest: Mapping[str, Any]) -> None:
        if options.target not in TARGETS:
            raise UserError(f"there is no target {options.target}: {', '.join(TARGETS)}")
        self._dialect = dialects.load(options.dialect)
        self._target: Target = TARGETS[options.target]
        self._described = Described(manifest)
        self._options = options
        self.template = None if options.tokenizer is None else Template.load(options.tokenizer)
        if self.template is None and options.target == "mlx-lm":
            raise UserError(
                "mlx-lm cuts long rows and masks by the chat template: name the model's folder with --tokenizer"
            )
        self._arguments = self._target.arguments or self._wanted_arguments()
        self._kinds: dict[str, int] = {}
        self._stack = ExitStack()
        self.rejected = self._stack.enter_context(Spool())
        self.left_out: dict[str, int] = {}
        self.longest_left_out = self.unread = 0

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *raised: Any) -> None:
        self._stack.close()

    def part(self, name: str) -> Part:
        return Part(name, self._stack.enter_context(Spool()), self._stack.enter_context(Spool()))

    def read(self, part: Part, path: Path) -> Iterator[int]:
        """Every record of a file into rows of the part; yields how many bytes of the file each took."""
        for line, converted in read(path, Reader(path)):
            part.records += 1
            if line.row is None:
                reason, _, detail = line.problem.partition(": ")
                self.unread += 1
                self._reject(reason, detail, path, line)
            elif converted is None and not is_record(line.row):
                self.unread += 1
                self._reject("the keys of a record, and not its values", "", path, line._replace(row=None))
            elif converted is None:
                name = line.row["id"]
                self._record(part, path, line, self._described.prompt(name), self._described.signatures(name))
            else:
                known = {each.name: openai_form(each.name, each.to_json()) for each in converted.signatures}
                self._record(part, path, line, converted.prompt, known)
            yield len(line.raw)

    def settle(self, part: Part) -> None:
        """Leave out the rows whose mask would be wrong."""
        for line in part.doubtful.read():
            self.rejected.add(line)
            self._count(orjson.loads(line)["reason"])

    def manifest_options(self) -> dict[str, Any]:
        """What the outcome depends on; the tokenizer by what its files hold."""
        folder = self._options.tokenizer
        files = [name for name in TEMPLATE_FILES if folder is not None and (folder / name).is_file()]
        return {
            "dialect": self._options.dialect,
            "for": self._options.target,
            "max_seq_length": self._options.max_seq_length,
            "batch_size": self._options.batch_size,
            **({"licenses": sorted(self._options.licences.names)} if self._options.licences else {}),
            "tokenizer": {name: dataset.digest(folder / name) for name in files} if folder else {},
        }

    def _wanted_arguments(self) -> Any:
        """How the chat template wants arguments. UserError where it can't show the tools of the native dialect at all."""
        if self._options.dialect != "native" or self.template is None:
            return "mapping"
        if not self.template.shows_tools:
            raise UserError(
                f"the chat template in {self._options.tokenizer} shows no tools: choose another --dialect, hermes or json-fence"
            )
        return "string" if self.template.arguments == "string" else "mapping"

    def _record(
        self, part: Part, path: Path, line: Line, prompt: str, known: Mapping[str, Mapping[str, Any]]
    ) -> None:
        licence = line.row["origin"]["license"]
        if not self._options.licences.allows(licence):
            self._reject(REASON, licence, path, line)
            return
        rows = self._rows(line.row, prompt, known)
        if isinstance(rows, Refused):
            self._reject(rows.reason, "", path, line)
            return
        kind = self._kinds.setdefault(line.row["label"]["kind"], len(self._kinds) % 128)
        for row in rows:
            turn, turns = row.get(KEPT, {}).get("turn"), row.get(KEPT, {}).get("turns")
            place = f"turn {turn} of {turns}" if turn else ""
            judged = fit.Fit()
            if self.template is not None and "messages" in row:
                masks = self._options.target == "mlx-lm"
                judged = fit.fit(
                    self.template, row["messages"], row.get("tools"), self._options.max_seq_length, masks
                )
                self.longest_left_out = max(self.longest_left_out, judged.tokens if judged.too_long else 0)
            if judged.reason and not judged.no_prefix:
                detail = f"{judged.tokens} tokens" if judged.too_long else ""
                self._reject(judged.reason, ", ".join(filter(None, (place, detail))), path, line)
                continue
            if judged.no_prefix:
                part.doubtful.add(orjson.dumps(_rejected(judged.reason, place, path, line)))
            part.rows.add(orjson.dumps(row))
            part.lengths.append(judged.tokens)
            part.kinds.append(kind)
            part.masked.append(not judged.no_prefix)
            part.last.append(turn == turns)

    def _rows(
        self, record: Mapping[str, Any], prompt: str, known: Mapping[str, Mapping[str, Any]]
    ) -> list[dict[str, Any]] | Refused:
        signatures = dialects.signatures(record["tools"], known)
        if isinstance(signatures, Refused):
            return signatures
        if self.template is not None:
            held = fit.control_token(record, self._options.dialect, self.template.special_tokens)
            if held:
                return Refused(held)
        rendered = self._dialect.render(record, signatures, prompt)
        if isinstance(rendered, Refused):
            return rendered
        rendered = Rendered(with_arguments(rendered.messages, self._arguments), rendered.tools)
        return self._target.rows(record, rendered, kept(record, self._options.dialect))

    def _reject(self, reason: str, detail: str, path: Path, line: Line) -> None:
        self.rejected.add(orjson.dumps(_rejected(reason, detail, path, line)))
        self._count(reason)

    def _count(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def _rejected(reason: str, detail: str, path: Path, line: Line) -> dict[str, Any]:
    """The line of a rejected row, with the file's line that it came from; what could not be read stays as text."""
    row = line.row or {}
    origin = row.get("origin", {})
    messages = row.get("messages") or [{"content": ""}]
    found = {
        "reason": reason,
        "detail": detail,
        "generator": origin.get("generator", ""),
        "repo": origin.get("repo", ""),
        "question": messages[0]["content"],
        "example": line.row,
        "file": path.name,
        "line": line.number,
    }
    if line.row is None:
        found["raw"] = line.raw.rstrip(b"\r\n").decode("utf-8", "replace")[:LONGEST_RAW]
    return found

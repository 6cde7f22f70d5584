"""The one door to the tools: it binds arguments, runs, cleans, and remembers."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import orjson

from punie_data.errors import ToolFailed, ToolUnavailable
from punie_data.tools import ruff_check, typecheck
from punie_data.tools.base import Answer, Door, Outcome, Tool
from punie_data.tools.normalise import Normaliser
from punie_data.tools.registry import TOOLS
from punie_data.tools.results import to_text
from punie_data.tools.workspace import Workspace, link_or_copy, version


class Memory(Protocol):
    """What is known of the snapshot from earlier runs; `generate.memory` has one. A replay has none."""

    def recall(self, tool: Tool, bound: Mapping[str, Any]) -> Outcome | None: ...
    def keep(self, tool: Tool, bound: Mapping[str, Any], outcome: Outcome) -> None: ...
    def calls_of(self, code: str) -> list[tuple[str, dict[str, Any]]] | None: ...
    def recall_program(
        self, tool: Tool, bound: Mapping[str, Any], inner: tuple[Outcome, ...]
    ) -> Outcome | None: ...
    def keep_program(self, tool: Tool, bound: Mapping[str, Any], outcome: Outcome) -> None: ...
    def findings(self, tool: Tool, path: str) -> Any: ...
    def keep_findings(self, tool: Tool, path: str, value: Any) -> None: ...


class Toolbox:
    """`box.call("hover", file_path=…, line=…, column=…, symbol=…)` → `Outcome`.

    Equal calls on an unchanged workspace are run once. ToolUnavailable when the tool can't run here; TypeError for a wrong argument,
    which is a mistake of the generator's and not of the data's.
    """

    def __init__(self, workspace: Workspace, allow_exec: bool = False, memory: Memory | None = None) -> None:
        self.workspace = workspace
        self.allow_exec = allow_exec
        self._memory = memory
        self._normaliser = Normaliser(str(workspace.root))
        self._known: dict[bytes, Outcome] = {}
        self._scratch: Toolbox | None = None

    def call(self, name: str, **arguments: Any) -> Outcome:
        tool = TOOLS[name]
        bound = tool.bind(arguments)
        if tool.executes_code and not self.allow_exec:
            raise ToolUnavailable(f"{name} runs the repository's own code; allow it with --allow-exec")
        if tool.changes_files and not self.workspace.throw_away:
            raise TypeError(f"{name} changes files: call it on `toolbox.scratch()`")
        # As this caller writes them, in the signature's order: what others asked before must not show in a row.
        arguments = {p.name: arguments[p.name] for p in tool.parameters if p.name in arguments}
        key = orjson.dumps([name, bound], option=orjson.OPT_SORT_KEYS)
        known = self._known.get(key)
        if known is not None:
            same = list(known.arguments) == list(arguments)
            return known if same else replace(known, arguments=arguments)
        memory = self._memory if not self.workspace.changed else None
        outcome = self._recall(memory, tool, bound)
        if outcome is not None:
            outcome = replace(outcome, arguments=arguments)
        else:
            if name == "ruff_check" and memory is not None:
                self._prepare_lint(memory, bound["path"])
            outcome = self._run(tool, bound, arguments)
            if memory is not None and not self.workspace.changed:
                keep = memory.keep_program if tool.calls_tools else memory.keep
                keep(tool, bound, outcome)
        if tool.changes_files or any(TOOLS[call.tool].changes_files for call in outcome.inner):
            self._known.clear()
        else:
            self._known[key] = outcome
        return outcome

    def _run(self, tool: Tool, bound: dict[str, Any], arguments: dict[str, Any]) -> Outcome:
        door = {"door": Door(TOOLS, self.call)} if tool.calls_tools else {}
        try:
            given = tool.run(self.workspace, **bound, **door)
        except ToolFailed:
            if tool.program != "ty":
                raise
            given = tool.run(
                self.workspace, **bound, **door
            )  # a language server that died is started anew, a few times
        answer = given if isinstance(given, Answer) else Answer(given)
        value = answer.value
        content = to_text(value)
        clean, redactions = self._normaliser.clean(value, content)
        if clean is not value:
            value, content = clean, to_text(clean)
        return Outcome(
            tool=tool.name,
            arguments=arguments,
            value=value,
            content=content,
            exit=int(_is_failure(value) if answer.failed is None else answer.failed),
            version=answer.version or version(tool.program),
            truncated=answer.truncated,
            redactions=redactions,
            inner=answer.inner,
        )

    def _recall(self, memory: Memory | None, tool: Tool, bound: dict[str, Any]) -> Outcome | None:
        """The outcome as it is known; of a program when its calls, made again, are answered as they were."""
        if memory is None:
            return None
        if not tool.calls_tools:
            return memory.recall(tool, bound)
        calls = memory.calls_of(bound["code"])
        if calls is None:
            return None
        try:
            inner = tuple(self.call(name, **arguments) for name, arguments in calls)
        except (ToolUnavailable, TypeError):
            return None
        return memory.recall_program(tool, bound, inner)

    def prepare_typecheck(self, paths: list[str]) -> None:
        """Check the types of many files at once, because one process for all of them is far cheaper than one each."""
        memory = self._memory if not self.workspace.changed else None
        if memory is None or typecheck.is_prepared(self.workspace, paths):
            typecheck.prepare(self.workspace, paths)
            return
        tool = TOOLS["typecheck"]
        known = {path: found for path in paths if (found := memory.findings(tool, path)) is not None}
        for path, found in typecheck.prepare(self.workspace, paths, known).items():
            memory.keep_findings(tool, path, found)

    def _prepare_lint(self, memory: Memory, path: str) -> None:
        """Ask ruff only about files whose findings are not known, where it will be asked at all."""
        workspace, tool = self.workspace, TOOLS["ruff_check"]
        if "ruff_check" in workspace.batches or not any(
            map(workspace.is_python, workspace.below(path) or ())
        ):
            return
        files = filter(workspace.is_python, workspace.paths)
        known = {file: found for file in files if (found := memory.findings(tool, file)) is not None}
        for file, found in ruff_check.prepare(workspace, known).items():
            memory.keep_findings(tool, file, found)

    @contextmanager
    def scratch(self) -> Iterator["Toolbox"]:
        """A toolbox over a throw-away copy of the project, in which files may be written; afterwards the copy is as it was."""
        if self._scratch is None:
            self._scratch = Toolbox(_throw_away(self.workspace), self.allow_exec, self._memory)
        box = self._scratch
        try:
            yield box
        finally:
            if box.workspace.changed:
                box.workspace.restore(self.workspace)
                box._known.clear()

    def close(self) -> None:
        if self._scratch is not None:
            self._scratch.close()
        self.workspace.close()


def _is_failure(value: object) -> bool:
    """Whether the tool could not do its work. A file with findings is a success of the tool that found them."""
    if isinstance(value, str):
        return value.startswith("Error: ")
    return getattr(value, "parse_error", None) is not None


def _throw_away(workspace: Workspace) -> Workspace:
    """A copy made of hard links where the file system allows: `Workspace.write` cuts a link before it writes."""
    # It removes itself when the process ends without closing its tools.
    folder = tempfile.TemporaryDirectory(prefix="punie-data-scratch-", ignore_cleanup_errors=True)
    root = Path(folder.name, workspace.root.name)
    made: set[Path] = set()
    for path in sorted(workspace.paths):
        target = root / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        link_or_copy(workspace.root / path, target)
    copy = Workspace(root, frozenset(workspace.paths), workspace.git, remove=folder)
    copy.virtual_environment = workspace.virtual_environment
    copy.pytest_arguments = workspace.pytest_arguments
    return copy

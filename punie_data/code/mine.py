"""One file's facts, from one pass over its LibCST tree.

LibCST gives positions by generating the code again and counting; its own provider stores a range for every node and spends four times
the parsing time on it. We generate the code once too, but look at each node as it goes by and keep only the positions we need: facts and
positions in one pass, at less than the cost of the positions alone (`tests/benchmarks/bench_mine.py`; a test holds our positions
against LibCST's). That leans on LibCST's code generation state, which is why its version is bounded in pyproject.toml.
"""

import inspect
import re
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

from punie_data.code.facts import (
    CallFact,
    ClassFact,
    FileFacts,
    FunctionFact,
    ImportFact,
    Parameter,
    RaiseFact,
    TodoFact,
    VariableFact,
    module_name,
)
from punie_data.code.limits import too_much

TODO = re.compile(r"#+\s*(TODO|FIXME|XXX|HACK)\b[:\s]*(.*)")


def mine(path: str, source: bytes) -> FileFacts:
    """The facts of one Python file. Never raises for what the file holds: `FileFacts.problem` says why there are none."""
    if b"\0" in source:
        return FileFacts(path, module_name(path), 0, "", problem="NUL bytes")
    lines = source.count(b"\n") + (not source.endswith(b"\n"))
    if trouble := too_much(source):  # LibCST would hang, die or fill the memory
        return FileFacts(path, module_name(path), lines, "", problem=trouble)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 12_000))
    try:
        module = cst.parse_module(source)
        collector = Collector(module)
        return collector.facts(path, lines)
    except cst.ParserSyntaxError as error:
        return FileFacts(path, module_name(path), lines, "", problem=f"syntax error in line {error.raw_line}")
    except (cst.CSTLogicError, cst.CSTValidationError) as error:
        # LibCST 1.9 refuses some valid code, adjacent t-strings among it.
        return FileFacts(
            path,
            module_name(path),
            lines,
            "",
            problem=f"LibCST cannot read it: {' '.join(str(error).split())[:200]}",
        )
    except (UnicodeError, LookupError, SyntaxError):  # tokenize raises the last for an unknown declaration
        return FileFacts(
            path,
            module_name(path),
            lines,
            "",
            problem="not in the encoding that it declares (UTF-8 by default)",
        )
    except RecursionError:
        return FileFacts(path, module_name(path), lines, "", problem="nested too deeply")
    finally:
        sys.setrecursionlimit(before)


class _Frame:
    """A class or function that is being passed through."""

    __slots__ = (
        "column",
        "decorators",
        "docstring",
        "fields",
        "first_line",
        "generator",
        "line",
        "methods",
        "name",
        "node",
    )

    def __init__(self, node: cst.ClassDef | cst.FunctionDef) -> None:
        self.node = node
        self.name = node.name.value
        self.line = self.column = self.first_line = 0
        self.generator = False
        self.methods: list[str] = []
        self.fields: list[str] = []


class Collector(CodegenState):
    """Code generation that notices. `before_codegen` is called for every node in source order, so that it is our visitor."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.module = module
        self.line, self.column = 1, 0
        self.last_line = 1
        self.frames: list[_Frame] = []
        self.waiting: dict[int, Callable[[], None]] = {}
        """What to do when the node of this identity is reached: that is how a name's position gets to what it names."""
        self.docstrings: dict[int, int] = {}
        self.classes: list[ClassFact] = []
        self.functions: list[FunctionFact] = []
        self.imports: list[ImportFact] = []
        self.calls: list[CallFact] = []
        self.raises: list[RaiseFact] = []
        self.todos: list[TodoFact] = []
        self.variables: list[VariableFact] = []
        self.before: dict[type, Callable[[Any], None]] = {
            cst.FunctionDef: self.enter, cst.ClassDef: self.enter, cst.Call: self.call, cst.Raise: self.raised,
            cst.Import: self.imported, cst.ImportFrom: self.imported_from, cst.Comment: self.comment,
            cst.Yield: self.yielded, cst.Assign: self.assigned, cst.AnnAssign: self.annotated,
        }  # fmt: skip
        self.after: dict[type, Callable[[Any], None]] = {
            cst.FunctionDef: self.leave_function,
            cst.ClassDef: self.leave_class,
        }

    def facts(self, path: str, lines: int) -> FileFacts:
        self.module._codegen(self)
        by_line = attrgetter("line")  # classes are noted when they end; readers expect source order
        return FileFacts(
            path=path,
            module=module_name(path),
            line_count=lines,
            docstring=inspect.cleandoc(self.module.get_docstring(clean=False) or ""),
            classes=tuple(sorted(self.classes, key=by_line)),
            functions=tuple(sorted(self.functions, key=by_line)),
            imports=tuple(self.imports),
            calls=tuple(self.calls),
            raises=tuple(self.raises),
            todos=tuple(self.todos),
            variables=tuple(self.variables),
        )

    # Counting, as LibCST's own position provider does it.

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        if "\n" in value or "\r" in value:
            if not value.isspace():
                self.last_line = self.line + len(re.findall(r"\r\n?|\n", value.rstrip()))
            ends = list(re.finditer(r"\r\n?|\n", value))
            self.line += len(ends)
            self.column = len(value) - ends[-1].end()
        else:
            self.column += len(value)
            if value and value[0] != "#" and not value.isspace():
                self.last_line = self.line

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.tokens.append(token)
            self.column += len(token)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if self.waiting:
            reached = self.waiting.pop(id(node), None)
            if reached is not None:
                reached()
        handler = self.before.get(type(node))
        if handler is not None:
            handler(node)

    def after_codegen(self, node: cst.CSTNode) -> None:
        handler = self.after.get(type(node))
        if handler is not None:
            handler(node)

    # Definitions

    def enter(self, node: cst.ClassDef | cst.FunctionDef) -> None:
        frame = _Frame(node)
        if (
            self.frames
            and isinstance(self.frames[-1].node, cst.ClassDef)
            and isinstance(node, cst.FunctionDef)
        ):
            self.frames[-1].methods.append(frame.name)
        self.frames.append(frame)

        def start() -> None:
            frame.first_line = frame.first_line or self.line

        def named() -> None:
            frame.line, frame.column = self.line, self.column + 1
            frame.first_line = frame.first_line or self.line

        if node.decorators:
            self.waiting[id(node.decorators[0].decorator)] = start
        self.waiting[id(node.name)] = named
        first = _docstring_node(node)
        if first is not None:
            self.waiting[id(first)] = lambda: self.docstrings.__setitem__(id(node), self.line)

    def leave_function(self, node: cst.FunctionDef) -> None:
        frame = self.frames.pop()
        outer = self.frames[-1].node if self.frames else None
        self.functions.append(
            FunctionFact(
                name=frame.name,
                qualname=self.qualname(frame.name),
                line=frame.line,
                column=frame.column,
                first_line=frame.first_line,
                end_line=self.last_line,
                is_async=node.asynchronous is not None,
                is_generator=frame.generator,
                decorators=tuple(self.text(d.decorator) for d in node.decorators),
                parameters=self.parameters(node.params),
                returns=self.text(node.returns.annotation) if node.returns else "",
                docstring=inspect.cleandoc(node.get_docstring(clean=False) or ""),
                docstring_line=self.docstrings.pop(id(node), 0),
                class_name=self.qualname("")[:-1] if isinstance(outer, cst.ClassDef) else "",
                is_nested=any(isinstance(f.node, cst.FunctionDef) for f in self.frames),
            )
        )

    def leave_class(self, node: cst.ClassDef) -> None:
        frame = self.frames.pop()
        self.classes.append(
            ClassFact(
                name=frame.name,
                qualname=self.qualname(frame.name),
                line=frame.line,
                column=frame.column,
                first_line=frame.first_line,
                end_line=self.last_line,
                bases=tuple(self.text(base.value) for base in node.bases if base.star == ""),
                decorators=tuple(self.text(d.decorator) for d in node.decorators),
                docstring=inspect.cleandoc(node.get_docstring(clean=False) or ""),
                docstring_line=self.docstrings.pop(id(node), 0),
                methods=tuple(dict.fromkeys(frame.methods)),
                fields=tuple(frame.fields),
                is_nested=bool(self.frames),
            )
        )

    def qualname(self, name: str) -> str:
        return ".".join([*(frame.name for frame in self.frames), name])

    def parameters(self, params: cst.Parameters) -> tuple[Parameter, ...]:
        found = [self.parameter(p, "", False) for p in (*params.posonly_params, *params.params)]
        if isinstance(params.star_arg, cst.Param):
            found.append(self.parameter(params.star_arg, "*", False))
        found += [self.parameter(p, "", True) for p in params.kwonly_params]
        if params.star_kwarg is not None:
            found.append(self.parameter(params.star_kwarg, "**", False))
        return tuple(found)

    def parameter(self, param: cst.Param, kind: str, keyword_only: bool) -> Parameter:
        return Parameter(
            name=param.name.value,
            annotation=self.text(param.annotation.annotation) if param.annotation else "",
            default=self.text(param.default) if param.default else "",
            kind=kind,
            keyword_only=keyword_only,
        )

    def text(self, node: cst.CSTNode) -> str:
        """The node's source on one line."""
        if type(node) is cst.Name:
            return node.value
        return " ".join(self.module.code_for_node(node).split())

    # Everything else

    def call(self, node: cst.Call) -> None:
        name = _dotted(node.func)
        if not name:
            return
        last = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        caller = self.caller()
        self.waiting[id(last)] = lambda: self.calls.append(CallFact(name, self.line, self.column + 1, caller))

    def caller(self) -> str:
        """The innermost function's qualified name, "" at module or class level."""
        for depth in range(len(self.frames), 0, -1):
            if isinstance(self.frames[depth - 1].node, cst.FunctionDef):
                return ".".join(frame.name for frame in self.frames[:depth])
        return ""

    def raised(self, node: cst.Raise) -> None:
        if node.exc is None:
            return
        name = _dotted(node.exc.func if isinstance(node.exc, cst.Call) else node.exc)
        if name:
            self.raises.append(RaiseFact(name, self.line, self.caller()))

    def imported(self, node: cst.Import) -> None:
        for alias in node.names:
            self.imports.append(
                ImportFact(
                    alias.evaluated_name, "", alias.evaluated_alias or "", 0, self.line, not self.frames
                )
            )

    def imported_from(self, node: cst.ImportFrom) -> None:
        module = _dotted(node.module) if node.module else ""
        level = len(node.relative)
        if isinstance(node.names, cst.ImportStar):
            self.imports.append(ImportFact(module, "*", "", level, self.line, not self.frames))
            return
        for alias in node.names:
            self.imports.append(
                ImportFact(
                    module,
                    alias.evaluated_name,
                    alias.evaluated_alias or "",
                    level,
                    self.line,
                    not self.frames,
                )
            )

    def comment(self, node: cst.Comment) -> None:
        match = TODO.match(node.value)
        if match:
            self.todos.append(TodoFact(match[1], match[2].strip(), self.line))

    def yielded(self, node: cst.Yield) -> None:
        for frame in reversed(self.frames):
            if isinstance(frame.node, cst.FunctionDef):
                frame.generator = True
                return

    def assigned(self, node: cst.Assign) -> None:
        for target in node.targets:
            self.variable(target.target, "", node.value)

    def annotated(self, node: cst.AnnAssign) -> None:
        if (
            self.frames
            and isinstance(self.frames[-1].node, cst.ClassDef)
            and isinstance(node.target, cst.Name)
        ):
            self.frames[-1].fields.append(node.target.value)
        self.variable(node.target, self.text(node.annotation.annotation), node.value)

    def variable(self, target: cst.CSTNode, annotation: str, value: cst.CSTNode | None) -> None:
        if self.frames or not isinstance(target, cst.Name):
            return
        shown = self.text(value)[:80] if value is not None else ""
        self.waiting[id(target)] = lambda: self.variables.append(
            VariableFact(target.value, self.line, self.column + 1, annotation, shown)
        )


def _dotted(node: cst.CSTNode | None) -> str:
    """`a.b.c` for a chain of names, "" for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return ""
    parts.append(node.value)
    return ".".join(reversed(parts))


def _docstring_node(node: cst.ClassDef | cst.FunctionDef) -> cst.CSTNode | None:
    """The expression that is the docstring, if the body starts with a string."""
    body = node.body.body
    if not body:
        return None
    first = body[0]
    if isinstance(first, cst.SimpleStatementLine):
        if not first.body:
            return None
        first = first.body[0]
    if isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString | cst.ConcatenatedString):
        return first.value
    return None

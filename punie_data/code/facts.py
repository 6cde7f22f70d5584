"""What LibCST says of one file. Lines and columns are 1-based; columns count characters; spans are inclusive."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """`kind` is "", "*" or "**"; `annotation` and `default` are source text, "" where there is none."""

    name: str
    annotation: str
    default: str
    kind: str
    keyword_only: bool


@dataclass(frozen=True, slots=True)
class FunctionFact:
    """A function or method. `line`, `column` are those of its name; `first_line` is that of its first decorator or `def`."""

    name: str
    qualname: str
    line: int
    column: int
    first_line: int
    end_line: int
    is_async: bool
    is_generator: bool
    decorators: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    returns: str
    docstring: str
    docstring_line: int
    class_name: str
    """Qualified name of the class whose method it is, "" for a plain function."""
    is_nested: bool
    """Whether it is defined inside another function."""

    @property
    def is_method(self) -> bool:
        return bool(self.class_name)

    @property
    def is_fixture(self) -> bool:
        return any(d.partition("(")[0].endswith("fixture") for d in self.decorators)

    @property
    def is_typed(self) -> bool:
        own = [p for p in self.parameters if p.name not in ("self", "cls")]
        return bool(self.returns) and all(p.annotation for p in own)


@dataclass(frozen=True, slots=True)
class ClassFact:
    """A class. `fields` are the names annotated in its body, `methods` those defined there; `bases` is source text without keywords."""

    name: str
    qualname: str
    line: int
    column: int
    first_line: int
    end_line: int
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    docstring: str
    docstring_line: int
    methods: tuple[str, ...]
    fields: tuple[str, ...]
    is_nested: bool

    @property
    def is_dataclass(self) -> bool:
        return any(d.partition("(")[0] in ("dataclass", "dataclasses.dataclass") for d in self.decorators)

    @property
    def is_protocol(self) -> bool:
        return any(_plain(base) == "Protocol" for base in self.bases)

    @property
    def base_names(self) -> tuple[str, ...]:
        """Each base without its module and its type arguments: `typing.Generic[T]` is `Generic`."""
        return tuple(_plain(base) for base in self.bases)


@dataclass(frozen=True, slots=True)
class ImportFact:
    """One imported name: `import a.b as c` has module "a.b" and name ""; `from .x import y` has level 1, module "x", name "y"."""

    module: str
    name: str
    alias: str
    level: int
    line: int
    at_top: bool

    @property
    def bound(self) -> str:
        """The name that the file can use afterwards."""
        return self.alias or self.name or self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class CallFact:
    """A call: `name` is as written (`self.load`), the position that of its last part, `caller` the enclosing function's qualname."""

    name: str
    line: int
    column: int
    caller: str


@dataclass(frozen=True, slots=True)
class RaiseFact:
    exception: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class TodoFact:
    tag: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class VariableFact:
    """A name assigned at module level; `annotation` and `value` are source text, the value cut after 80 characters."""

    name: str
    line: int
    column: int
    annotation: str
    value: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    path: str
    module: str
    line_count: int
    docstring: str
    classes: tuple[ClassFact, ...] = ()
    functions: tuple[FunctionFact, ...] = ()
    imports: tuple[ImportFact, ...] = ()
    calls: tuple[CallFact, ...] = ()
    raises: tuple[RaiseFact, ...] = ()
    todos: tuple[TodoFact, ...] = ()
    variables: tuple[VariableFact, ...] = ()
    problem: str = ""
    """Why the file has no facts: a syntax error, an encoding we can't read. "" when it was read."""

    @property
    def is_test(self) -> bool:
        parts = self.path.split("/")
        name = parts[-1]
        return (
            name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
            or any(part in ("tests", "test", "testing") for part in parts[:-1])
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a document. `text` is the source between its heading and the next one of any level, lines `first`–`last`."""

    path: str
    title: str
    level: int
    first_line: int
    last_line: int
    text: str
    parents: tuple[str, ...]
    """Titles of the sections that contain it, outermost first."""


def module_name(path: str) -> str:
    """`src/shop/cart.py` is `shop.cart`, `shop/__init__.py` is `shop`."""
    parts = path.removesuffix(".py").split("/")
    if parts[0] in ("src", "lib") and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts = parts[:-1]
    return ".".join(parts)


def _plain(base: str) -> str:
    return base.partition("[")[0].partition("(")[0].rpartition(".")[2]

"""What a repository calls its own, and which of those names something outside of it may mean too. One pass over each file with LibCST.

What the types of the standard library have is listed (`outside.txt`); of other packages nothing is known but what the repository does with them: what
is asked of their modules, of what they return, of arguments annotated with them, and what their base classes may call.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import libcst as cst

from punie_data.renaming.strings import LISTS_NAMES, TAKES_NAMES, literal

FIXTURES = frozenset({"request", "monkeypatch", "capsys", "capfd", "caplog", "tmp_path", "tmpdir", "mocker", "benchmark", "pytester", "recwarn"})  # fmt: skip
CONVENTIONAL = frozenset({"setup.py", "conf.py", "noxfile.py", "tasks.py", "fabfile.py"})
"""Files in which module-level names are somebody else's settings."""
_COME_AND_GONE = """
aifc annotationlib asynchat asyncore audioop binhex cgi cgitb chunk compression crypt distutils formatter imghdr imp lib2to3 mailcap msilib nis nntplib
ossaudiodev parser pipes smtpd sndhdr spwd sunau symbol telnetlib tomllib uu xdrlib
"""
STANDARD = sys.stdlib_module_names.union(_COME_AND_GONE.split())
"""Of every version that we run on: what is renamed must not depend on it."""
TAKES_OURS = frozenset({"replace", "partial"})
"""Functions of the standard library whose keyword arguments are those of something else."""
CALLED_BY_NAME = ("visit_", "do_", "handle_", "leave_", "depart_")
"""How methods are called that a base class finds by their names."""


@dataclass(slots=True)
class Found:
    """Of one file. `own` are names that it defines; `members` those of them that are parameters or attributes; `outside` names that belong to others.

    `modules` are imported absolutely, with the names that each is asked for. `chains` are `a.b().c` as (a, (b, c), whether nothing is called in it);
    `given` keyword arguments as (what is called, names); `bindings` are names with what they are bound to.
    """

    path: str
    own: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    literals: set[str] = field(default_factory=set)
    modules: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    """(dotted module, names imported from it, names bound by it)"""
    chains: set[tuple[str, tuple[str, ...], bool]] = field(default_factory=set)
    given: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    bindings: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    classes: list[tuple[str, tuple[tuple[str, ...], ...], set[str]]] = field(default_factory=list)
    decorated: list[tuple[tuple[str, ...], set[str]]] = field(default_factory=list)
    """(roots of the decorators, parameters)"""
    tokens: set[str] = field(default_factory=set)


def chain(node: cst.BaseExpression) -> tuple[str, ...]:
    """`a.b(…)[0].c` is ("a", "b", "c"); () where it begins with no name."""
    steps: list[str] = []
    while True:
        if isinstance(node, cst.Attribute):
            steps.append(node.attr.value)
            node = node.value
        elif isinstance(node, cst.Call):
            node = node.func
        elif isinstance(node, cst.Subscript):
            node = node.value
        elif isinstance(node, cst.Await):
            node = node.expression
        elif isinstance(node, cst.Name):
            return (node.value, *reversed(steps))
        else:
            return ()


def _is_plain(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


class Survey(cst.CSTVisitor):
    """Fills in a `Found`."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.found = Found(path)
        name = path.rpartition("/")[2]
        self._settings = name in CONVENTIONAL
        self._is_test = name.startswith("test_") or name == "conftest.py"
        self._inside: list[set[str] | None] = []
        """The members of the class, or None for a function, from outside in."""
        self._naming: set[int] = set()
        """Strings, by identity, that are rewritten because they name something where they stand."""

    # What is defined

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._own(node.name.value)
        bases = tuple(filter(None, (chain(base.value) for base in node.bases)))
        members: set[str] = set()
        self.found.classes.append((node.name.value, bases, members))
        self._inside.append(members)

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._inside.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        name = node.name.value
        self._own(name)
        members = self._inside[-1] if self._inside else None
        parameters = node.params
        every = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
        every += [p for p in (parameters.star_arg, parameters.star_kwarg) if isinstance(p, cst.Param)]
        names = {p.name.value for p in every}
        self.found.own |= names
        self.found.members |= names
        if members is not None:
            members |= {name} | names
        roots = tuple(found[0] for found in (chain(d.decorator) for d in node.decorators) if found)
        self.found.decorated.append((roots, names))
        if name.startswith("pytest_"):
            self.found.outside |= names
        for p in every:
            if p.annotation is not None:
                self._bind((p.name.value,), p.annotation.annotation)
        if self._is_test:
            self.found.bindings += [((each,), each) for each in names & FIXTURES]
        self._inside.append(None)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self._inside.pop()

    def _own(self, name: str) -> None:
        self.found.own.add(name)
        if self._settings and not self._inside:
            self.found.outside.add(name)

    def _target(self, node: cst.BaseExpression, value: cst.BaseExpression | None) -> None:
        if isinstance(node, cst.Tuple | cst.List):
            for element in node.elements:
                self._target(element.value, value)
        elif isinstance(node, cst.Name):
            if not self._inside:
                self._own(node.value)
            elif self._inside[-1] is not None:
                self.found.own.add(node.value)
                self.found.members.add(node.value)
                self._inside[-1].add(node.value)
            if value is not None:
                self._bind((node.value,), value)
        elif isinstance(node, cst.Attribute):
            found = chain(node)
            if len(found) == 2 and found[0] in ("self", "cls"):
                self.found.own.add(found[1])
                self.found.members.add(found[1])
                holder = next((members for members in reversed(self._inside) if members is not None), None)
                if holder is not None:
                    holder.add(found[1])
            if value is not None and found:
                self._bind(found[-1:], value)

    def _bind(self, target: tuple[str, ...], value: cst.BaseExpression) -> None:
        found = chain(value)
        if found:
            self.found.bindings.append((target, found[0]))

    def visit_Assign(self, node: cst.Assign) -> None:
        first = node.targets[0].target
        if isinstance(first, cst.Name) and first.value in LISTS_NAMES and isinstance(node.value, cst.List | cst.Tuple):  # fmt: skip
            self._naming |= {id(element.value) for element in node.value.elements}
        for target in node.targets:
            self._target(target.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._target(node.target, node.value)
        self._target(node.target, node.annotation.annotation)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._target(node.target, node.value)

    def visit_WithItem(self, node: cst.WithItem) -> None:
        if node.asname is not None and isinstance(node.asname.name, cst.Name):
            self._bind((node.asname.name.value,), node.item)

    def visit_For(self, node: cst.For) -> None:
        if isinstance(node.target, cst.Name):
            self._bind((node.target.value,), node.iter)

    # What is used

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            module = ".".join(chain(alias.name))
            bound = alias.evaluated_alias or module.partition(".")[0]
            self.found.modules.append((module, (), (bound,)))

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if node.relative or node.module is None:
            return
        module = ".".join(chain(node.module))
        aliases = () if isinstance(node.names, cst.ImportStar) else node.names
        names = tuple(alias.evaluated_name for alias in aliases)
        bound = tuple(alias.evaluated_alias or alias.evaluated_name for alias in aliases)
        self.found.modules.append((module, names, bound))

    def visit_Attribute(self, node: cst.Attribute) -> None:
        found = chain(node)
        if found:
            self.found.chains.add((found[0], found[1:], _is_plain(node)))

    def visit_Call(self, node: cst.Call) -> None:
        found = chain(node.func)
        names = tuple(arg.keyword.value for arg in node.args if arg.keyword is not None)
        if names and found and found[-1] not in TAKES_OURS:
            self.found.given.append((found[0], names))
        if found[-1:] in (("format",), ("dict",), ("update",), ("setdefault",)) or not found:
            self.found.outside |= set(names)  # there they are keys of text or of a mapping
        if found[-1:] in (("getattr",), ("hasattr",), ("setattr",)) and len(node.args) > 1:
            self._prefix(node.args[1].value)

        if found[-1:] == ("parametrize",):
            self._naming |= {id(arg.value) for arg in node.args[:1]}
        elif found and found[-1] in TAKES_NAMES:
            self._naming |= {id(arg.value) for arg in node.args}

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self._naming.add(id(node.annotation))

    def _prefix(self, node: cst.BaseExpression) -> None:
        """`getattr(self, f"visit_{kind}")` calls whatever begins with `visit_`."""
        start = ""
        if isinstance(node, cst.FormattedString) and node.parts and isinstance(node.parts[0], cst.FormattedStringText):  # fmt: skip
            start = node.parts[0].value
        elif isinstance(node, cst.BinaryOperation) and isinstance(node.left, cst.SimpleString):
            start = literal(node.left)
        if start:
            self.found.prefixes.add(start)

    def visit_Name(self, node: cst.Name) -> None:
        self.found.tokens.add(node.value)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        text = literal(node)
        if text.startswith("--"):
            self.found.outside.add(text[2:].replace("-", "_"))
        elif text.isidentifier() and id(node) not in self._naming:
            self.found.literals.add(text)


@dataclass(frozen=True, slots=True)
class External:
    """The names that a file has from outside: from the standard library, and from other packages, with what is made of those."""

    standard: frozenset[str]
    packages: frozenset[str]


def judged(files: Iterable[Found], internal: frozenset[str]) -> tuple[set[str], set[str], set[str]]:
    """(own names, names of others, every identifier). `internal` are the first parts of modules that the repository itself has."""
    files = list(files)
    own = set().union(*(found.own for found in files))
    others = set().union(*(found.outside for found in files))
    tokens = set().union(*(found.tokens for found in files))
    for found in files:
        for module, names, _ in found.modules:
            if module.partition(".")[0] not in internal:
                others |= {*module.split("."), *names}
    external = {found.path: _external(found, internal) for found in files}
    attributes = {
        target[0]
        for found in files
        for target, root in found.bindings
        if root in external[found.path].packages
    }
    for found in files:
        others |= _asked(found, external[found.path], attributes)
    others |= _inherited(files, external)
    others |= _fields(files)
    prefixes = tuple(set().union(*(found.prefixes for found in files)))
    others |= {name for name in own if name.startswith((*prefixes, "pytest_"))}
    # A word that is also somebody's key or value: where it is which, nobody can tell.
    literals = set().union(*(found.literals for found in files))
    members = set().union(*(found.members for found in files))
    others |= {name for name in (members & literals) - internal if "_" not in name.strip("_")}
    return own, others, tokens


def _external(found: Found, internal: frozenset[str]) -> External:
    standard: set[str] = set()
    packages = {target[0] for target, root in found.bindings if root in FIXTURES and target == (root,)}
    for module, _, bound in found.modules:
        top = module.partition(".")[0]
        if top not in internal:
            (standard if top in STANDARD else packages).update(bound)
    made = set(packages) - {"pytest"}
    while True:
        more = {target[0] for target, root in found.bindings if root in made} - made - {"self", "cls"}
        if not more:
            return External(frozenset(standard), frozenset(packages | made))
        made |= more


def _asked(found: Found, external: External, attributes: set[str]) -> set[str]:
    """What a file asks of things from outside. `attributes` are those in which the repository keeps such things."""
    asked: set[str] = set()
    for root, steps, plain in found.chains:
        if root in external.packages or (plain and root in external.standard):
            asked |= set(steps)
        for at, step in enumerate(steps):
            if step in attributes and root in ("self", "cls"):
                asked |= set(steps[at + 1 :])
    for root, names in found.given:
        if root in external.packages or root in external.standard:
            asked |= set(names)
    for roots, names in found.decorated:
        if any(root in external.packages and root != "pytest" for root in roots):
            asked |= names
    return asked


def _inherited(files: Iterable[Found], external: Mapping[str, External]) -> set[str]:
    """Members of classes with a base of another package: the base may call them, or define them too."""
    bases: dict[str, set[str]] = {}
    members: dict[str, set[str]] = {}
    foreign: set[str] = set()
    standard: set[str] = set()
    for found in files:
        for name, above, own in found.classes:
            members.setdefault(name, set()).update(own)
            for base in above:
                bases.setdefault(name, set()).add(base[-1])
                if base[0] in external[found.path].packages:
                    foreign.add(name)
                elif base[0] in external[found.path].standard:
                    standard.add(name)
    while True:
        more = {name for name, above in bases.items() if above & foreign} - foreign
        if not more:
            break
        foreign |= more
    called = {name for each in standard for name in members[each] if name.startswith(CALLED_BY_NAME)}
    return called.union(*(members[name] for name in foreign))


def _fields(files: Iterable[Found]) -> set[str]:
    """With attrs, a field `_x` is a parameter `x`."""
    files = list(files)
    if not any(
        module.partition(".")[0] in ("attr", "attrs") for found in files for module, _, _ in found.modules
    ):
        return set()
    hidden = {
        name for found in files for _, _, members in found.classes for name in members if name[:1] == "_"
    }
    return hidden | {name.lstrip("_") for name in hidden}

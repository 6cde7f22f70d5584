"""A file with new names in it: Python by LibCST, documents and settings by their kind. Lines stay where they are."""

import re

import libcst as cst

from punie_data.renaming.names import Names
from punie_data.renaming.strings import LISTS_NAMES, TAKES_NAMES
from punie_data.renaming.survey import chain

_KEY = re.compile(r"^\s*(?:\[.*\]\s*$|[\w.\"'-]+\s*[=:])")
_UNDERLINE = re.compile(r"^([=\-~^\"'#*+.:_`!$%&,;<>?@/\\|])\1{2,}\s*$")
CODE_DIRECTIVES = (".. code", ".. sourcecode", ".. testcode", ".. testsetup", ".. doctest")


class Rewrite(cst.CSTTransformer):
    """Every identifier that has a new name, and names in strings and comments."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names
        self._annotation = 0
        self._naming: list[set[int]] = []
        """The strings, by identity, that are names because of where they stand."""
        self._docstrings: set[int] = set()

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        new = self._names.names.get(original_node.value)
        return updated_node if new is None else updated_node.with_changes(value=new)

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        """Names that were in order are in order again, each in the place of another: linters look at that."""
        before, after = original_node.names, updated_node.names
        if isinstance(before, cst.ImportStar) or isinstance(after, cst.ImportStar) or len(after) < 2:
            return updated_node
        if sorted(before, key=_import_order) != list(before):
            return updated_node
        placed = zip(after, sorted(after, key=_import_order), strict=True)
        return updated_node.with_changes(
            names=[place.with_changes(name=one.name, asname=one.asname) for place, one in placed]
        )

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self._annotation += 1

    def leave_Annotation(self, original_node: cst.Annotation, updated_node: cst.Annotation) -> cst.Annotation:
        self._annotation -= 1
        return updated_node

    def visit_Module(self, node: cst.Module) -> None:
        self._mark(node.body)

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self._mark(node.body)

    def _mark(self, body: object) -> None:
        for line in body:  # type: ignore[attr-defined]
            if isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Expr):
                value = line.body[0].value
                if isinstance(value, cst.SimpleString):
                    self._docstrings.add(id(value))
            elif not isinstance(line, cst.SimpleStatementLine):
                continue

    def visit_Call(self, node: cst.Call) -> None:
        said = chain(node.func)[-1:]
        found: set[int] = set()
        if said and said[0] in TAKES_NAMES:
            found = {id(arg.value) for arg in node.args if isinstance(arg.value, cst.SimpleString)}
        elif said == ("parametrize",) and node.args:
            first = node.args[0].value
            inside = [e.value for e in first.elements] if isinstance(first, cst.Tuple | cst.List) else [first]
            found = {id(value) for value in inside if isinstance(value, cst.SimpleString)}
        self._naming.append(found)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        self._naming.pop()
        return updated_node

    def visit_Assign(self, node: cst.Assign) -> None:
        self._listed(node.targets[0].target, node.value)

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        self._naming.pop()
        return updated_node

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._listed(node.target, node.value)

    def leave_AugAssign(self, original_node: cst.AugAssign, updated_node: cst.AugAssign) -> cst.AugAssign:
        self._naming.pop()
        return updated_node

    def _listed(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        found: set[int] = set()
        if isinstance(target, cst.Name) and target.value in LISTS_NAMES:
            inside = [e.value for e in value.elements] if isinstance(value, cst.Tuple | cst.List) else [value]
            found = {id(one) for one in inside if isinstance(one, cst.SimpleString)}
        self._naming.append(found)

    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        text = original_node.raw_value
        if "b" in original_node.prefix:
            return updated_node
        if self._annotation or any(id(original_node) in found for found in self._naming):
            new = self._names.code(text)
        elif text in self._names.names and text[:1].isupper():
            new = self._names.names[text]  # a class, as in cast("Cart", …)
        elif id(original_node) in self._docstrings:
            new = self._names.docstring(text)
        else:
            new = self._names.prose(text)
        if new == text:
            return updated_node
        start, quote = original_node.prefix, original_node.quote
        return updated_node.with_changes(value=f"{start}{quote}{new}{quote}")

    def leave_FormattedStringText(
        self, original_node: cst.FormattedStringText, updated_node: cst.FormattedStringText
    ) -> cst.FormattedStringText:
        return updated_node.with_changes(value=self._names.prose(original_node.value))

    def leave_Comment(self, original_node: cst.Comment, updated_node: cst.Comment) -> cst.Comment:
        return updated_node.with_changes(value=self._names.prose(original_node.value))


def _import_order(alias: cst.ImportAlias) -> tuple[int, str]:
    """Constants, then classes, then the rest, as isort and ruff have it."""
    name = alias.evaluated_name
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name


def python(data: bytes, names: Names) -> bytes:
    """The file's bytes with new names. Where LibCST can't read it, every identifier of its text is looked up."""
    try:
        module = cst.parse_module(data)
    except (cst.ParserSyntaxError, UnicodeDecodeError, RecursionError):
        return names.code(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return module.visit(Rewrite(names)).bytes


def document(text: str, names: Names) -> str:
    """Markdown or reStructuredText: code in blocks, prose elsewhere; underlines of headings grow with them."""
    lines = text.split("\n")
    found: list[str] = []
    fence, indent = "", -1
    for line in lines:
        bare = line.strip()
        depth = len(line) - len(line.lstrip())
        if fence:
            found.append(line if bare.startswith(fence) else names.code(line))
            fence = "" if bare.startswith(fence) and not bare.strip("`~") else fence
            continue
        if bare.startswith(("```", "~~~")):
            fence = bare[:3]
            found.append(line)
            continue
        if indent >= 0 and bare and depth <= indent:
            indent = -1
        if indent >= 0 or bare.startswith((">>>", "... ")):
            found.append(names.code(line))
            continue
        directive = bare.startswith(".. ") and "::" in bare
        whole = names.names.get(bare) if depth == 0 else None
        found.append(whole or (names.code(line) if directive else names.prose(line)))
        if bare.endswith("::") or bare.startswith(
            (".. code", ".. sourcecode", ".. testcode", ".. testsetup")
        ):
            indent = depth
    return "\n".join(_underlined(lines, found))


def _underlined(before: list[str], after: list[str]) -> list[str]:
    for number, line in enumerate(after):
        if len(line.rstrip()) <= len(before[number].rstrip()) or not line.strip():
            continue
        for beside in (number - 1, number + 1):
            if 0 <= beside < len(after) and _UNDERLINE.match(after[beside]) and len(after[beside].strip()) >= len(before[number].strip()):  # fmt: skip
                after[beside] = after[beside].strip()[0] * len(line.rstrip())
    return after


def settings(text: str, names: Names) -> str:
    """TOML, INI, YAML and their like: what a line is called stays, since it is the program's that reads it."""
    found = []
    for line in text.split("\n"):
        key = _KEY.match(line)
        head = key[0] if key else ""
        found.append(names.path(head) + names.prose(line[len(head) :]))
    return "\n".join(found)

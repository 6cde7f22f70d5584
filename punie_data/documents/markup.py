"""The blocks of a section or a docstring: paragraphs, code, lists, notes, each with the lines on which it stands.

One scanner serves reStructuredText, Markdown (with MyST's, MkDocs' and FastAPI's ways of writing notes) and docstrings, which mix them.
What it does not know becomes "other": a reader of blocks stops there, because a passage with a hole in it is no passage.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from punie_data.documents.inline import LOST, readable
from punie_data.documents.marks import (
    ALERT,
    ASIDES,
    BANG,
    BULLET,
    CODE_DIRECTIVES,
    DIRECTIVE,
    EXPLICIT,
    FENCE,
    FIELD,
    HEADING,
    IGNORED,
    LANGUAGES,
    NOTES,
    OPTION,
    SECTION,
    SLASHES,
    TABLE,
    TRANSITION,
    python_like,
)

Flavour = Literal["rst", "md", "docstring"]

DEEPEST = 6
"""Notes within notes: what is nested deeper is not read, and cannot exhaust the stack."""


@dataclass(frozen=True, slots=True)
class Block:
    """`text` is Markdown, ready to be read (for code, the code); lines are those of the file, inclusive.

    `mark` is the language of code, the kind of a note, the term of a definition. "aside" holds nothing that a reader misses; "fields" begins
    a docstring's list of parameters, returns and the like; "other" is what was not understood. `whole` is False where something was lost.
    """

    kind: Literal["prose", "code", "list", "note", "definition", "aside", "fields", "other"]
    text: str
    first: int
    last: int
    mark: str = ""
    whole: bool = True

    @property
    def markdown(self) -> str:
        return f"```{self.mark}\n{self.text}\n```" if self.kind == "code" else self.text


def blocks(text: str, first_line: int, flavour: Flavour) -> list[Block]:
    """The blocks of `text`, whose first line is line `first_line` of its file."""
    lines = [line.rstrip().expandtabs(4) for line in text.split("\n")]
    return _joined(_Scanner(lines, first_line, flavour).scan())


def _joined(found: Iterator[Block]) -> list[Block]:
    """Doctests and literal blocks that follow each other are one."""
    kept: list[Block] = []
    for block in found:
        before = kept[-1] if kept else None
        if before and before.kind == block.kind == "code" and before.mark == block.mark == "pycon":
            kept[-1] = replace(before, text=f"{before.text}\n\n{block.text}", last=block.last)
        else:
            kept.append(block)
    return kept


class _Scanner:
    def __init__(self, lines: list[str], first: int, flavour: Flavour, depth: int = 0) -> None:
        self.lines = lines
        self.first = first
        self.flavour = flavour
        self.depth = depth
        self.rst = flavour != "md"
        self.markdown = flavour != "rst"
        self.at = 0

    def scan(self) -> Iterator[Block]:
        while self.at < len(self.lines):
            if not self.lines[self.at]:
                self.at += 1
                continue
            start = self.at
            yield from self._next(self.lines[start], start)
            assert self.at > start

    def _next(self, line: str, start: int) -> Iterator[Block]:
        if line.lstrip().startswith(">>>"):
            yield self._doctest(start)
        elif self.rst and EXPLICIT.match(line):
            yield from self._explicit(line, start)
        elif self.markdown and (fence := FENCE.match(line)):
            yield from self._fence(fence, start)
        elif self.markdown and (note := BANG.match(line)):
            yield from self._note(note[1], *self._indented(start + 1))
        elif self.markdown and (note := SLASHES.match(line)):
            yield from self._until(note[1], "///", start)
        elif self.markdown and line.startswith(">"):
            yield from self._quote(line, start)
        elif IGNORED.match(line) or (TRANSITION.match(line) and not self._after(start)):
            self.at += 1
            yield self._block("aside", "", start)
        elif line[0] == " ":
            yield self._indented_code(start)
        elif self.flavour == "docstring" and self._begins_section(line, start):
            yield from self._section(line, start)
        elif (self.rst and FIELD.match(line)) or TABLE.match(line) or HEADING.match(line) or line[0] in "|<":
            kind = "fields" if FIELD.match(line) and self.flavour == "docstring" else "other"
            self._skip_paragraph()
            yield self._block(kind, "", start)
        elif BULLET.match(line):
            yield self._list(start)
        else:
            yield from self._paragraph(start)

    def _block(self, kind: str, text: str, start: int, mark: str = "", whole: bool = True) -> Block:
        """`start` is an index; the block ends before `self.at`, blank lines left out."""
        end = self.at
        while end > start + 1 and not self.lines[end - 1]:
            end -= 1
        return Block(kind, text, self.first + start, self.first + end - 1, mark, whole and LOST not in text)  # type: ignore[arg-type]

    def _after(self, start: int) -> str:
        return self.lines[start + 1] if start + 1 < len(self.lines) else ""

    def _skip_paragraph(self) -> None:
        while self.at < len(self.lines) and self.lines[self.at]:
            self.at += 1

    def _indented(self, start: int) -> tuple[int, list[str]]:
        """Where the indented lines (blank ones among them) from index `start` on begin, and these lines without their common margin."""
        self.at = start
        while self.at < len(self.lines) and (not self.lines[self.at] or self.lines[self.at][0] == " "):
            self.at += 1
        body = self.lines[start : self.at]
        while body and not body[0]:
            body, start = body[1:], start + 1
        while body and not body[-1]:
            body = body[:-1]
        return start, textwrap.dedent("\n".join(body)).split("\n") if body else []

    def _doctest(self, start: int) -> Block:
        self._skip_paragraph()
        text = textwrap.dedent("\n".join(self.lines[start : self.at]))
        return self._block("code", text, start, "pycon")

    def _explicit(self, line: str, start: int) -> Iterator[Block]:
        directive = DIRECTIVE.match(line)
        begin, body = self._indented(start + 1)
        if not directive:
            yield self._block("aside", "", start)
            return
        yield from self._directive(directive[1], directive[2] or "", begin, body, start)

    def _directive(
        self, name: str, argument: str, begin: int, body: list[str], start: int
    ) -> Iterator[Block]:
        name = name.lower()
        while body and OPTION.match(body[0]) and name not in ("note", "warning"):
            body, begin = body[1:], begin + 1
        while body and not body[0]:
            body, begin = body[1:], begin + 1
        if CODE_DIRECTIVES.fullmatch(name):
            language = argument.split()[0].lower() if argument.split() else ""
            if name in ("doctest", "testcode", "click:example", "ipython"):
                language = "pycon" if name == "doctest" else "python"
            yield self._code("\n".join(body), language, start)
        elif NOTES.fullmatch(name):
            if argument and name != "admonition":
                # The note's text may begin on the directive's own line.
                rest = self.lines[start + 1 : begin]
                body = [argument, *rest, *body] if not any(rest) else [argument, "", *body]
                begin = start
            yield from self._note(name, begin, body, start)
        elif ASIDES.fullmatch(name):
            yield self._block("aside", "", start, name)
        else:
            yield self._block("other", "", start, name)

    def _code(self, text: str, language: str, start: int) -> Block:
        language = LANGUAGES.get(language, language)
        text = textwrap.dedent(text).strip("\n")
        if text.startswith(">>> ") and language in ("", "python"):
            language = "pycon"
        if (
            not text
            or ("{{" in text and language in ("", "python"))
            or "\n--8<--" in f"\n{text}"
            or "{*" in text
            or "{!" in text
        ):
            return self._block("other", "", start)
        return self._block("code", text, start, language)

    def _fence(self, fence: re.Match[str], start: int) -> Iterator[Block]:
        margin, mark, directive, info = fence[1], fence[2], fence[3], fence[4]
        self.at = start + 1
        depth = 1
        while self.at < len(self.lines):
            bare = self.lines[self.at].strip()
            self.at += 1
            if bare and set(bare) == {mark[0]} and len(bare) >= (3 if mark[0] == ":" else len(mark)):
                depth -= 1
            elif mark[0] == ":" and bare.startswith(":::"):
                depth += 1
            if not depth:
                break
        else:
            yield self._block("other", "", start)
            return
        body = [line.removeprefix(margin) for line in self.lines[start + 1 : self.at - 1]]
        if directive:
            yield from self._directive(directive[1:-1], info, start + 1, body, start)
        elif mark[0] == ":":
            yield self._block("other", "", start)
        else:
            language = re.split(r"[\s{,]", info.lstrip("{.").lower())[0] if info else ""
            yield self._code("\n".join(body), language.rstrip("}"), start)

    def _until(self, kind: str, end: str, start: int) -> Iterator[Block]:
        self.at = start + 1
        while self.at < len(self.lines) and self.lines[self.at].strip() != end:
            self.at += 1
        body = self.lines[start + 1 : self.at]
        self.at = min(self.at + 1, len(self.lines))
        yield from self._note(kind, start + 1, body, start)

    def _quote(self, line: str, start: int) -> Iterator[Block]:
        alert = ALERT.match(line)
        while self.at < len(self.lines) and self.lines[self.at].startswith(">"):
            self.at += 1
        if alert:
            body = [row.removeprefix(">").removeprefix(" ") for row in self.lines[start + 1 : self.at]]
            yield from self._note(alert[1], start + 1, body, start)
        else:
            yield self._block("other", "", start)

    def _note(self, kind: str, begin: int, body: list[str], start: int = -1) -> Iterator[Block]:
        """One block with the note's own text."""
        text, whole = self._within(begin, body)
        start = begin - 1 if start < 0 else start
        if not NOTES.fullmatch(kind):
            yield self._block(
                "aside" if kind.lower() in ("info", "check", "abstract") else "other", "", start
            )
            return
        yield self._block("note", text, start, kind.lower(), whole)

    def _within(self, begin: int, body: list[str]) -> tuple[str, bool]:
        """What an inner text says, and whether that is all of it: nothing but paragraphs, code and lists."""
        if self.depth > DEEPEST:
            return "", False
        scanner = _Scanner(body, self.first + begin, self.flavour, self.depth + 1)
        inner = [block for block in _joined(scanner.scan()) if block.kind != "aside"]
        whole = bool(inner) and all(b.whole and b.kind in ("prose", "code", "list") for b in inner)
        return "\n\n".join(block.markdown for block in inner), whole

    def _indented_code(self, start: int) -> Block:
        """Indented text: code in Markdown; in reStructuredText a quotation, which is no code and hardly ever a sentence of its own."""
        _, body = self._indented(start)
        text = "\n".join(body)
        if self.flavour == "md" and self.lines[start].startswith("    "):
            return self._code(text, "", start)
        if self.flavour == "docstring" and python_like(text):
            return self._code(text, "python", start)
        return self._block("other", "", start)

    def _begins_section(self, line: str, start: int) -> bool:
        after = self._after(start)
        if re.fullmatch(r"-{3,}|={3,}", after) and len(after) <= len(line) + 2:
            return True
        return bool(SECTION.match(line)) and (line.endswith(":") and (after.startswith(" ") or not after))

    def _section(self, line: str, start: int) -> Iterator[Block]:
        """A docstring's section in Google's or NumPy's manner. An example is read on; everything else is for the reference."""
        name = line.rstrip(" :").lower()
        underlined = not line.endswith(":")
        if name in ("example", "examples", "usage"):
            self.at = start + 2 if underlined else start + 1
            if not underlined and self._after(start).startswith(" "):
                begin, body = self._indented(start + 1)
                yield from _Scanner(body, self.first + begin, self.flavour, self.depth + 1).scan()
                return
            yield self._block("aside", "", start)
            return
        self.at = len(self.lines)
        yield self._block("fields", "", start)

    def _list(self, start: int) -> Block:
        """Items of one paragraph each; a list with more in it is "other"."""
        items: list[list[str]] = []
        marks: list[str] = []
        simple = True
        while self.at < len(self.lines):
            line = self.lines[self.at]
            bullet = BULLET.match(line)
            if bullet and len(bullet[1]) <= 1:
                items.append([line[bullet.end() :]])
                marks.append(bullet[2])
            elif not line:
                ahead = self._nonblank(self.at)
                if ahead is None or not (ahead[0] == " " or BULLET.match(ahead)):
                    break
                simple = simple and ahead[0] != " "
            elif line[0] == " " and not BULLET.match(line.lstrip()):
                items[-1].append(line)
            elif bullet or line[0] == " ":
                simple = False
            elif self.lines[self.at - 1] and self.markdown:
                items[-1].append(line)
            else:
                break
            self.at += 1
        texts = [readable("\n".join(item), self.flavour) for item in items]
        simple = simple and not any(
            "::" in item[-1][-2:] or "```" in text for item, text in zip(items, texts, strict=True)
        )
        if not simple:
            return self._block("other", "", start)
        numbered = marks[0][-1] in ".)"
        rows = [f"{f'{number}.' if numbered else '-'} {text}" for number, text in enumerate(texts, 1)]
        return self._block("list", "\n".join(rows), start)

    def _nonblank(self, index: int) -> str | None:
        while index < len(self.lines):
            if self.lines[index]:
                return self.lines[index]
            index += 1
        return None

    def _paragraph(self, start: int) -> Iterator[Block]:
        while self.at < len(self.lines) and self.lines[self.at]:
            line = self.lines[self.at]
            if self.at > start:
                if self.markdown and (
                    FENCE.match(line) or HEADING.match(line) or line.startswith((">", "!!! "))
                ):
                    break
                if self.rst and (line.startswith((">>> ", ".. "))):
                    break
                if line[0] == " " and self.flavour == "docstring" and self.lines[self.at - 1].endswith(":"):
                    break
                if line[0] == " " and self.rst and self.at == start + 1:
                    yield from self._definition(start)
                    return
                if self.flavour == "docstring" and self._begins_section(line, self.at):
                    break
                if (
                    BULLET.match(line)
                    and self.flavour != "rst"
                    and (not line[0].isdigit() or line.startswith(("1. ", "1) ")))
                ):
                    break
                if TABLE.match(line) and not TRANSITION.match(line):
                    self._skip_paragraph()
                    yield self._block("other", "", start)
                    return
            elif line.startswith("```"):
                break
            self.at += 1
        if self.at == start:
            self.at += 1
            yield self._block("other", "", start)
            return
        raw = "\n".join(self.lines[start : self.at])
        literal = self.rst and raw.endswith("::")
        if literal:
            raw = raw[:-2].rstrip() if raw[-3:-2].isspace() or raw == "::" else raw[:-1]
        if raw:
            text = readable(raw, self.flavour)
            yield self._block("prose" if text.strip("•| ") else "aside", text, start)
        if literal:
            begin, body = self._indented(self.at)
            if body:
                here = self.at
                self.at = here
                code = self._code("\n".join(body), "", begin)
                yield (
                    replace(code, mark="python")
                    if code.kind == "code" and not code.mark and python_like(code.text)
                    else code
                )

    def _definition(self, start: int) -> Iterator[Block]:
        """A term, and under it, indented, what it means."""
        text, whole = self._within(*self._indented(start + 1))
        yield self._block("definition", text, start, readable(self.lines[start], self.flavour), whole)

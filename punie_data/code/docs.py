"""Documents by section: Markdown and reStructuredText, headings and the text under them, with line numbers."""

import re

from punie_data.code.facts import Section
from punie_data.code.lines import lines_of

ATX = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
UNDERLINE = re.compile(r"^([=\-~^\"'`:.*+#<>_])\1{2,}\s*$")


def sections(path: str, text: str) -> list[Section]:
    """The sections of one document in order. Text before the first heading belongs to none."""
    lines = lines_of(text)
    headings = _markdown(lines) if path.lower().endswith(".md") else _restructured(lines)
    found: list[Section] = []
    parents: list[tuple[int, str]] = []
    for index, (level, title, _, first) in enumerate(headings):
        last = headings[index + 1][2] - 1 if index + 1 < len(headings) else len(lines)
        while last >= first and not lines[last - 1].strip():
            last -= 1
        while first <= last and not lines[first - 1].strip():
            first += 1
        while parents and parents[-1][0] >= level:
            parents.pop()
        body = "\n".join(lines[first - 1 : last])
        found.append(Section(path, title, level, first, last, body, tuple(name for _, name in parents)))
        parents.append((level, title))
    return found


def _markdown(lines: list[str]) -> list[tuple[int, str, int, int]]:
    """(level, title, line of the heading, first line under it); what looks like a heading inside a code fence is none."""
    headings = []
    fence = ""
    for number, line in enumerate(lines, 1):
        bare = line.lstrip()
        if bare.startswith(("```", "~~~")):
            mark = bare[:3]
            if not fence:
                fence = mark
            elif mark == fence:
                fence = ""
            continue
        if fence:
            continue
        match = ATX.match(line)
        if match:
            headings.append((len(match[1]), match[2], number, number + 1))
        elif number > 1 and re.match(r"^(=+|-+)\s*$", line) and len(line.strip()) > 2:
            above = lines[number - 2].strip()
            if (
                above
                and not above.startswith(("#", "-", "*", ">", "|", "```"))
                and (number < 3 or not lines[number - 3].strip())
            ):
                headings.append((1 if line[0] == "=" else 2, above, number - 1, number + 1))
    return headings


def _restructured(lines: list[str]) -> list[tuple[int, str, int, int]]:
    """The level of an adornment is the order in which the document first uses it, as reStructuredText defines it."""
    headings = []
    order: list[str] = []
    for index in range(1, len(lines)):
        match = UNDERLINE.match(lines[index])
        title = lines[index - 1].rstrip()
        if (
            not match
            or not title
            or title[0] == " "
            or UNDERLINE.match(title)
            or len(lines[index].rstrip()) < len(title)
        ):
            continue
        overlined = index > 1 and lines[index - 2].rstrip() == lines[index].rstrip()
        if not overlined and index > 1 and lines[index - 2].strip():
            continue
        style = match[1] * (2 if overlined else 1)
        if style not in order:
            order.append(style)
        headings.append((order.index(style) + 1, title.strip(), index - int(overlined), index + 2))
    return headings

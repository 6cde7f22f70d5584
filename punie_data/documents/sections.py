"""Documents by section: Markdown and reStructuredText, headings and the text under them, with line numbers.

Both scanners read each line once, so that a generated document of many megabytes costs in proportion. They know as much of the two
formats as it takes not to see a heading where there is none: fences, indented code, HTML blocks, lists, quotes, front matter; literal
blocks, doctests, directives, tables, transitions. A test holds the Markdown one against markdown-it-py.
"""

import re
import unicodedata
from dataclasses import dataclass

from punie_data.code.facts import Section
from punie_data.code.lines import lines_of

ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})")
RULE = re.compile(r"^ {0,3}([-_*])[ \t]*(?:\1[ \t]*){2,}$")
MARKER = re.compile(r"^( {0,3})([-+*]|(\d{1,9})[.)])(?:( {1,4})(?=[^ ])|( |$))")
HTML_TO_MARK = (
    (re.compile(r"^ {0,3}<(?:script|pre|style|textarea)(?:\s|>|$)", re.IGNORECASE), re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE)),
    (re.compile(r"^ {0,3}<!--"), re.compile(r"-->")),
    (re.compile(r"^ {0,3}<\?"), re.compile(r"\?>")),
    (re.compile(r"^ {0,3}<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(r"^ {0,3}<![A-Za-z]"), re.compile(r">")),
)  # fmt: skip
HTML_BLOCK = re.compile(
    r"^ {0,3}</?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|"
    r"figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|"
    r"optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?:\s|/?>|$)",
    re.IGNORECASE,
)
HTML_TAG = re.compile(
    r"""^ {0,3}(?:<[A-Za-z][\w-]*(?:\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^'\n]*'|"[^"\n]*"))?)*\s*/?>|</[A-Za-z][\w-]*\s*>)\s*$"""
)
REFERENCE = re.compile(
    r"""^ {0,3}\[[^\[\]\n]+\]:[ \t]*(?:<[^<>]*>|[^\s<]\S*)(?:[ \t]+(?:"[^"]*"|'[^']*'|\([^()]*\)))?[ \t]*$"""
)
"""A link's definition: it begins no paragraph, and what follows it may."""
ADORNMENT = re.compile(r"^([!-/:-@\[-`{-~])\1*$")
TITLE_NOISE = (
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), ""),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\s*\{:?\s*[#.][^}]*\}\s*$"), ""),
    (re.compile(r"</?[A-Za-z][^>]*>"), ""),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)
ROLE = re.compile(r"(?<!`):[\w:+.-]+:`~?([^`]+)`")
LITERAL = re.compile(r"``([^`\n]+)``")


@dataclass(slots=True)
class _Heading:
    """`line` is the first line that belongs to the heading, `body` the first behind it."""

    level: int
    title: str
    line: int
    body: int


def sections(path: str, text: str) -> list[Section]:
    """The sections of one document in order. Text before the first heading belongs to none."""
    lines = lines_of(text)
    headings = _headings(path, lines)
    found: list[Section] = []
    parents: list[tuple[int, str]] = []
    for index, heading in enumerate(headings):
        last = headings[index + 1].line - 1 if index + 1 < len(headings) else len(lines)
        first = heading.body
        while last >= first and not lines[last - 1].strip():
            last -= 1
        while first <= last and not lines[first - 1].strip():
            first += 1
        while parents and parents[-1][0] >= heading.level:
            parents.pop()
        body = "\n".join(lines[first - 1 : last])
        over = tuple(title for _, title in parents)
        found.append(Section(path, heading.title, heading.level, first, last, body, over))
        parents.append((heading.level, heading.title))
    return found


def preamble(path: str, text: str, title: str) -> Section | None:
    """What stands above the first heading, under the title that the front matter gives or else `title`; None where nothing does."""
    lines = lines_of(text)
    first = front_matter(lines) + 1
    headings = _headings(path, lines)
    last = headings[0].line - 1 if headings else len(lines)
    while last >= first and not lines[last - 1].strip():
        last -= 1
    while first <= last and not lines[first - 1].strip():
        first += 1
    if first > last:
        return None
    named = next(
        (line[6:].strip(" \"'") for line in lines[: front_matter(lines)] if line.startswith("title:")), ""
    )
    return Section(path, named or title, 1, first, last, "\n".join(lines[first - 1 : last]), ())


def _headings(path: str, lines: list[str]) -> list[_Heading]:
    return _markdown(lines) if path.lower().endswith(".md") else _restructured(lines)


def front_matter(lines: list[str]) -> int:
    """How many lines at the top are front matter (YAML between `---`, TOML between `+++`), 0 where there is none."""
    mark = lines[0].rstrip() if lines else ""
    if mark not in ("---", "+++") or len(lines) < 2 or not lines[1].strip():
        return 0
    ends = (mark, "...") if mark == "---" else (mark,)
    for number, line in enumerate(lines[1:], 2):
        if line.rstrip() in ends:
            return number
    return 0


def _markdown(lines: list[str]) -> list[_Heading]:
    headings: list[_Heading] = []
    fence = ""
    inner = 0  # columns that a line must be indented by to belong to the open list item; 0 outside lists
    until: re.Pattern[str] | None = None  # what ends the open HTML block; a blank line where it is BLANK
    start = 0  # first line of the open paragraph, 0 where none is open
    plain = False  # whether that paragraph stands by itself, so that an underline makes it a heading
    empty = (
        False  # whether the line before was an item's mark and nothing else: a blank line then ends the item
    )
    quoted = False  # whether it is a quotation's, into which any list item may break
    skipped = front_matter(lines)
    for number, line in enumerate(lines, 1):
        if number <= skipped:
            continue
        line = line.expandtabs(4) if "\t" in line else line
        blank = not line or line.isspace()
        indent = len(line) - len(line.lstrip(" "))
        if inner and not blank and indent < inner and (fence or until or not start):
            marked = MARKER.match(line)
            fence, until, start = "", None, 0
            if not marked:
                inner = 0
        if fence:
            closing = line.strip()
            if closing and set(closing) == {fence[0]} and len(closing) >= len(fence) and indent - inner < 4:
                fence = ""
            continue
        if until is not None:
            if until.search(line) if until is not BLANK else blank:
                until = None
            continue
        if blank:
            start = 0
            if empty:
                inner, empty = 0, False
            continue
        empty = False
        if inner and indent >= inner:
            line = line[inner:]
            nested = True
        else:
            nested = bool(inner)
        if not start and line.startswith("    "):
            continue
        marked = None if RULE.match(line) else MARKER.match(line)
        # Of numbered items only the first may break into a paragraph, and no empty item may.
        if marked and (
            not start or nested or quoted or (marked[3] in (None, "1") and line[marked.end() :].strip())
        ):
            if not (nested and indent >= inner):
                inner = marked.end() if line[marked.end() :].strip() else marked.end(2) + 1
            rest = line[marked.end() :]
            opened = FENCE.match(rest)
            fence = opened[1] if opened else ""
            empty = not rest.strip()
            start, plain, quoted = (0 if fence or empty else number), False, False
            continue
        setext = SETEXT.match(line)
        if setext and start and plain and not nested:
            title = " ".join(row.strip() for row in lines[start - 1 : number - 1])
            headings.append(_Heading(1 if setext[1][0] == "=" else 2, _title(title), start, number + 1))
            start = 0
            continue
        atx = ATX.match(line)
        if atx or RULE.match(line):
            if nested and indent < inner:
                inner, nested = 0, False
            if atx and not nested:
                headings.append(_Heading(len(atx[1]), _title(atx[2] or ""), number, number + 1))
            start = 0
            continue
        opened = FENCE.match(line)
        if opened:
            if nested and indent < inner:
                inner = 0
            fence, start = opened[1], 0
            continue
        if line.lstrip().startswith("<"):
            ends = next((end for begin, end in HTML_TO_MARK if begin.match(line)), None)
            if ends is None and (HTML_BLOCK.match(line) or (not start and HTML_TAG.match(line))):
                ends = BLANK
            if ends is not None:
                if nested and indent < inner:
                    inner = 0
                start = 0
                # A mark may end on the line on which it begins; the opening itself does not count.
                until = None if ends is not BLANK and ends.search(line, line.index("<") + 2) else ends
                continue
        if line.lstrip().startswith(">"):
            if nested and indent < inner:
                inner = 0
            start, plain, quoted = number, False, True
            continue
        if not start and not REFERENCE.match(line):
            start, plain, quoted = number, not nested, False
    return headings


BLANK = re.compile(r"^\s*$")


def _title(text: str) -> str:
    for pattern, replacement in TITLE_NOISE:
        text = pattern.sub(replacement, text)
    return text.strip()


def _restructured(lines: list[str]) -> list[_Heading]:
    """The level of an adornment is the order in which the document first uses it, as reStructuredText defines it."""
    headings: list[_Heading] = []
    order: list[str] = []
    index = 0
    doctest = False
    while index < len(lines):
        line = lines[index].rstrip()
        if not line:
            doctest = False
            index += 1
            continue
        above = lines[index - 1].rstrip() if index else ""
        if doctest or line[0] in " \t":
            index += 1
            continue
        if line.startswith(">>>") and not above:
            doctest = True
            index += 1
            continue
        after = lines[index + 1].rstrip() if index + 1 < len(lines) else ""
        # A title follows a blank line; only a target or another explicit line may stand right above it.
        begins = (
            not above or above.startswith((".. ", "__ ")) or (headings and headings[-1].body == index + 1)
        )
        style = ""
        if begins and ADORNMENT.match(line):
            under = lines[index + 2].rstrip() if index + 2 < len(lines) else ""
            if after and under == line and not ADORNMENT.match(after) and _fits(after.strip(), line):
                style, title, body = line[0] * 2, after.strip(), index + 4
        elif begins and ADORNMENT.match(after) and _fits(line, after):
            style, title, body = after[0], line, index + 3
        if not style:
            index += 1
            continue
        if style not in order:
            order.append(style)
        headings.append(_Heading(order.index(style) + 1, _rst_title(title), index + 1, body))
        index = body - 1
    return headings


def _fits(title: str, adornment: str) -> bool:
    """docutils forgives an adornment that is too short, once it has four characters."""
    width = (
        len(title) if title.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in title)
    )
    return len(adornment) >= min(width, 4) if width > len(adornment) else True


def _rst_title(text: str) -> str:
    text = ROLE.sub(lambda match: f"`{match[1].partition(' <')[0]}`", text)
    return LITERAL.sub(r"`\1`", text).replace("\\ ", "").strip()

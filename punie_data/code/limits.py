"""What source may be given to a parser: LibCST's time grows with the square of a chain's length, exponentially with the nesting of patterns,
its memory with every mark; and where its recursion is too deep, the whole process dies.

Nobody writes such source by hand, so these limits are far from all real code (of 23,000 files looked at, the densest has 51,000 marks). The
checks cost next to nothing: each first asks a question that the C library answers, and only a suspicious file is read token by token.
"""

import re

DEEPEST = 100
"""Brackets within brackets. LibCST takes 0.4 s and 110 MB for one expression of this depth."""
LONGEST_CHAIN = 500
"""Links of a chain such as `a.b.c` or `1 + 1 + 1`, each of which is a node below the next: 0.2 s."""
MOST_MARKS = 100_000
"""Punctuation and line ends: 4 kB of memory each in the worst case."""
LONGEST_LINE = 20_000
"""Bytes. Of 23,000 files one has a longer line, and says that it was generated."""
DEEPEST_PATTERN = 12
"""Brackets within brackets in a `case`: each one more doubles the time, which is 0.05 s for twelve."""

_MARKS = b",;:=()[]{}.+-*/%@&|^<>~\n"
_NOT_MARKS = bytes(set(range(256)) - set(_MARKS))
_NOT_BRACKETS = bytes(set(range(256)) - set(b"()[]{}"))
_LINE_ENDS = bytes(10 if byte in b"\n\r" else 97 for byte in range(256))
_LONG_LINE = b"a" * (2 * LONGEST_CHAIN)
_CASE = re.compile(rb"^[ \t]*case\b[^\n]*[(\[{]", re.MULTILINE)
_ELIF = re.compile(rb"^[ \t]*elif\b", re.MULTILINE)
_INDENT = re.compile(rb"^([ \t]*)[^ \t\r\n#]", re.MULTILINE)
_PATTERN_BYTES = 4000
_TOKEN = re.compile(
    rb"""(?P<skipped>\#[^\n]*|\\\r?\n|[ \t]+)
    |(?P<string>[rbuftRBUFT]{0,3}(?:'''[\s\S]*?'''|\"\"\"[\s\S]*?\"\"\"|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"))
    |(?P<word>[A-Za-z_\x80-\xff][\w\x80-\xff]*)
    |(?P<number>\d[\w.]*)
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<between>[,;]|(?<![=!<>:])=(?!=))
    |(?P<end>\n)
    |(?P<operator>[-.+*/%@&|^<>~])""",
    re.VERBOSE,
)
_FAR_IN = (b"\n" + b" " * (DEEPEST + 1), b"\n" + b"\t" * (DEEPEST + 1))
_SIGNS = bytes(46 if byte in b".+-*/%@&|^~" else byte for byte in range(256))
_LINKS = frozenset({b"not", b"and", b"or", b"if", b"else", b"await", b"lambda"})


def too_much(source: bytes) -> str:
    """Why this source may not be parsed, "" for all that anyone would write."""
    marks = source.translate(None, _NOT_MARKS)
    if len(marks) > MOST_MARKS:
        return f"more than {MOST_MARKS:,} marks: generated"
    brackets = marks.translate(None, _NOT_BRACKETS)
    suspicious = len(brackets) > DEEPEST and _depth(brackets) > DEEPEST
    lines = source.translate(_LINE_ENDS)
    if b"a" * (LONGEST_LINE + 1) in lines:
        return f"a line of more than {LONGEST_LINE:,} bytes: generated"
    if suspicious or _LONG_LINE in lines or _broken_links(source) > LONGEST_CHAIN:
        depth, chain = _measure(source)
        if depth > DEEPEST:
            return f"nested deeper than {DEEPEST} levels"
        if chain > LONGEST_CHAIN:
            return f"a chain of more than {LONGEST_CHAIN} links"
    if (_FAR_IN[0] in source or _FAR_IN[1] in source) and _indentation(source) > DEEPEST:
        return f"indented more than {DEEPEST} levels"
    if b"case" in source:
        for line in _CASE.finditer(source):
            pattern = source[line.start() : line.start() + _PATTERN_BYTES].translate(None, _NOT_BRACKETS)
            if _depth(pattern, first=True) > DEEPEST_PATTERN:
                return f"a pattern nested deeper than {DEEPEST_PATTERN} levels"
    if source.count(b"elif") > LONGEST_CHAIN and len(_ELIF.findall(source)) > LONGEST_CHAIN:
        return f"more than {LONGEST_CHAIN} branches"
    return ""


def _depth(brackets: bytes, first: bool = False) -> int:
    """How deep brackets lie in each other, whatever strings and comments they stand in; only in the `first` outermost pair if so asked."""
    deepest = depth = 0
    for byte in brackets:
        if byte in b"([{":
            depth += 1
            if depth > deepest:
                deepest = depth
        elif depth:
            depth -= 1
            if first and not depth:
                break
    return deepest


def _broken_links(source: bytes) -> int:
    """How many lines begin or end with an operator: a chain may be written over as many."""
    squeezed = source.translate(_SIGNS, b" \t")
    return squeezed.count(b"\n.") + squeezed.count(b".\n")


def _indentation(source: bytes) -> int:
    """How many levels of indentation lie in each other; Python itself takes no more than a hundred."""
    deepest = 0
    outer = [0]
    for line in _INDENT.finditer(source):
        width = len(line[1])
        while width < outer[-1]:
            outer.pop()
        if width > outer[-1]:
            outer.append(width)
            deepest = max(deepest, len(outer) - 1)
    return deepest


def _measure(source: bytes) -> tuple[int, int]:
    """The depth of the brackets outside strings and comments, and the length of the longest chain at one level."""
    deepest = longest = run = 0
    outer: list[int] = []
    for token in _TOKEN.finditer(source):
        kind = token.lastgroup
        if kind == "operator" or kind == "string" or (kind == "word" and token[0] in _LINKS):
            run += 1
            longest = max(longest, run)
        elif kind == "open":
            run += 1
            longest = max(longest, run)
            outer.append(run)
            run = 0
            deepest = max(deepest, len(outer))
        elif kind == "close":
            run = outer.pop() if outer else 0
        elif kind == "between" or (kind == "end" and not outer):
            run = 0
    return deepest, longest

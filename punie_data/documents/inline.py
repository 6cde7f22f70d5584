"""Inline mark-up of reStructuredText, Markdown (MyST and MkDocs too) and docstrings, rewritten as Markdown that needs no other page.

`readable(text, flavour)`: roles become code or plain words, links become their text, footnote marks and images go. What can only be read
with the page's builder at hand (a reference without a title, a substitution, a template) becomes `LOST`, so that the sentence around it
can be left out.
"""

import html
import re
from collections.abc import Callable

LOST = "\x00"
"""Stands where something could not be written down. No document holds it: it is taken out of what is read."""

RST = re.compile(
    r"""``(?P<literal>[^`\n](?:.*?[^`])??)``(?!`)
    | :(?P<role>[A-Za-z][\w:+.-]*):`(?P<content>[^`]+)`
    | (?<![\w`])`(?P<text>[^`<>]+?)\s*<(?P<target>[^<>`]+)>`_{0,2}
    | (?<![\w`])`(?P<single>[^`]+)`(?P<linked>_{0,2})
    | (?<![\w|])\|(?P<substitution>[^|\s](?:[^|\n]*[^|\s])?)\|_{0,2}(?![\w|])
    | \s?\[(?P<foot>\#?[\w.-]*|\*)\]_(?!\w)
    | (?<![\w`.])(?P<word>[A-Za-z][A-Za-z0-9]*(?:[-.+][A-Za-z0-9]+)*)__?(?![\w`(])
    | \\(?P<escaped>[\s\S])""",
    re.VERBOSE,
)
MARKDOWN = re.compile(
    r"""(?:\{(?P<role>[\w:+.-]+)\})?(?P<ticks>`+)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)(?P<attributes>\{:?\s*[.#][^}]*\})?
    | (?P<badge>\[!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])\](?:\([^)]*\)|\[[^\]]*\]))
    | (?P<image>!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\]))
    | \s?\[\^(?P<foot>[^\]]+)\]
    | \[(?P<text>(?:[^\[\]`]|`[^`]*`|\[[^\[\]]*\])*)\](?:\(\s*(?P<url><[^>\n]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)|\[(?P<key>[^\]]*)\])(?:\{[^}]*\})?
    | (?<![\w\]`])\[(?P<short>[A-Z*`_][^\[\]]*)\](?![\[(:\w])
    | <(?P<address>https?://[^\s<>]+)>
    | <!--(?P<comment>.*?)-->
    | <code>(?P<htmlcode>[^<`]*)</code>
    | </?(?P<tag>[A-Za-z][\w-]*)(?:\s[^<>]*)?/?>
    | (?P<template>\{\{.*?\}\}|\{%.*?%\}|\{[*!].*?[*!]\})
    | \s?\{:?\s*[.#][^{}]*\}
    | (?P<icon>(?<![\w:]):(?:material|fontawesome|octicons|simple)-[\w-]+:)
    | (?P<escape>\\[!-/:-@\[-`{-~])""",
    re.VERBOSE | re.DOTALL,
)
CODE_ROLES = re.compile(
    r"class|func|meth|mod|attr|exc|obj|data|const|any|module|function|method|attribute|exception|object|py|file|command|program|option|"
    r"envvar|kbd|samp|code|literal|cls|paramref|type|decorator|deco|property|prop|setting|signal|reqmeta|fixture|confval|globalvar|hook|"
    r"macro|mimetype|regexp|keyword|token|var|makevar"
)
TEXT_ROLES = re.compile(
    r"term|dfn|emphasis|strong|guilabel|menuselection|title|title-reference|italic|bold|abbr|sub|sup|download|ref|doc|numref"
)
NEED_TITLE = ("ref", "doc", "numref", "download")
HARMLESS_TAGS = re.compile(r"b|i|em|strong|small|span|a|u|s|sup|sub|abbr|kbd|p|wbr|mark|q")
LONGEST = 8000
"""Characters. No paragraph of prose is longer; what is, was generated, and some patterns below take their time over it."""
CODE_LIKE = re.compile(r"^[\w.\[\](){}=,:/*@'\"+<>|%$~#!?&-]+(?:\([^`]*\))?$|[_()=\[\]{}]|\w\.\w")


def readable(text: str, flavour: str) -> str:
    """`flavour` is "rst", "md" or "docstring" (which may use either). White space, line ends among it, becomes single spaces."""
    if len(text) > LONGEST:
        return LOST
    text = " ".join(text.replace(LOST, "").split())
    if flavour != "md":
        text = RST.sub(_rst(flavour), text)
    if flavour != "rst":
        text = MARKDOWN.sub(_markdown, text)
        if "&" in text:
            text = _outside_code(text, html.unescape)
    # What was taken out leaves a space before the comma that followed it.
    return _outside_code(
        " ".join(text.split()), lambda part: re.sub(r"(?<=[\w)]) +([,.;:!?)])(?=\s|$)", r"\1", part)
    )


def code(text: str) -> str:
    """A code span; one with a backtick in it needs two around it."""
    text = text.strip()
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _rst(flavour: str) -> Callable[[re.Match[str]], str]:
    def replaced(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if match["literal"] is not None:
            return code(match["literal"].replace("\\\\", "\\"))
        if match["role"] is not None:
            return _role(match["role"], match["content"])
        if match["text"] is not None:
            return match["text"]
        if match["single"] is not None:
            single = match["single"].strip()
            if match["linked"]:
                return single
            if flavour == "docstring" or CODE_LIKE.search(single):
                return code(single.removeprefix("~").removeprefix("!"))
            return single
        if match["word"] is not None:
            is_name = flavour == "docstring" and match["word"].islower() and "-" not in match["word"]
            return match[0] if is_name else match["word"]
        if match["escaped"] is not None:
            if flavour == "docstring":
                glued = match.start() > 0 and match.string[match.start() - 1] == "`"
                return "" if match["escaped"].isspace() else match["escaped"] if glued else match[0]
            return "" if match["escaped"].isspace() else match["escaped"].replace("*", "\\*")
        return "" if kind == "foot" else LOST

    return replaced


def _role(name: str, content: str) -> str:
    """`:py:class:`~a.b.C`` is `C`; `:ref:`the title <label>`` is the title; `:ref:`label`` is lost."""
    name = name.lower().rpartition(":")[2]
    content = " ".join(content.split())
    title, opened, target = content.partition(" <")
    titled = bool(opened) and target.endswith(">")
    shown = title.strip() if titled else content.strip()
    if name in ("pep", "rfc") and not titled:
        return f"{name.upper()} {shown.partition('#')[0]}"
    if TEXT_ROLES.fullmatch(name):
        if name in NEED_TITLE and not titled:
            return LOST
        return shown.partition(" (")[0] if name == "abbr" else shown
    if titled:
        if " " in shown or not _is_name(shown):
            return shown
        # "`Arrow <arrow.formatter.DateTimeFormatter>`": the title is a slip, and what is meant is where it leads.
        last = target.rstrip(">").rpartition(".")[2].removesuffix("()")
        is_other = CODE_ROLES.fullmatch(name) and last.isidentifier() and last not in shown
        return code(last if is_other else shown.removesuffix("()"))
    shown = shown.removeprefix("!")
    if shown.startswith("~"):
        shown = shown[1:].rpartition(".")[2]
    if name not in ("file", "command", "program", "code", "literal", "option", "samp", "kbd"):
        shown = shown.removeprefix(".")
    if CODE_ROLES.fullmatch(name) or (_is_name(shown) and "_" in shown):
        return code(shown) if shown else LOST
    return LOST


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[\w.]+(?:\(\))?", text) is not None and (
        "." in text or "_" in text or "(" in text or not text.islower()
    )


def _markdown(match: re.Match[str]) -> str:
    if match["code"] is not None:
        return (
            _role(match["role"], match["code"])
            if match["role"]
            else match[0].removesuffix(match["attributes"] or "")
        )
    if match["text"] is not None:
        inner = MARKDOWN.sub(_markdown, match["text"]).strip()
        if not inner and (match["url"] or match["key"]):
            return LOST
        return inner
    if match["short"] is not None:
        return MARKDOWN.sub(_markdown, match["short"])
    if match["address"] is not None:
        return match["address"]
    if match["htmlcode"] is not None:
        return code(html.unescape(match["htmlcode"]))
    if match["tag"] is not None:
        tag = match["tag"].lower()
        if tag == "br":
            return " "
        return "" if HARMLESS_TAGS.fullmatch(tag) else LOST
    if match["template"] is not None:
        return LOST
    if match["escape"] is not None:
        return match[0]
    return ""


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts = re.split(r"(`+[^`]*`+)", text)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))

"""The page around the parts: head, policy, navigation, the browser's frame, and the data at the end."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from punie_data.report.charts import text

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("conversation.js", "rows.js")
_SECTIONS = (
    ("composition", "What is in it"),
    ("lengths", "Lengths"),
    ("findings", "Findings"),
    ("rejected", "Rejected"),
    ("repeats", "Repeats"),
    ("runs", "Runs"),
    ("making", "How it was made"),
    ("rows", "Rows"),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What Python has written, as HTML; `name` and `lead` are plain text. `note` says what the browser leaves out, '' for nothing."""

    name: str
    lead: str
    tiles: str
    sections: dict[str, str]
    note: str


@cache
def asset(name: str) -> str:
    """The text of a file that ships beside this module."""
    return (_ASSETS / name).read_text(encoding="utf-8")


def policy() -> str:
    """Nothing is loaded, and nothing runs but our script, known by its hash."""
    style = source_hash(asset("report.css"))
    script = source_hash(_script())
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _script() -> str:
    return "\n".join(asset(name) for name in _SCRIPTS)


def source_hash(content: str) -> str:
    """How a content security policy names a script or a style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def page(parts: Parts, pieces: Iterator[bytes], index: "Iterator[bytes]") -> Iterator[bytes]:
    """The page in pieces, in order. `index` is drawn from when `pieces` is at its end."""
    links = "".join(f'<a href="#{key}">{escape(name)}</a>' for key, name in _SECTIONS)
    yield (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{text(parts.name)} – dataset report</title>\n'
        f'<link rel="icon" href="data:,">\n<style>{asset("report.css")}</style>\n</head>\n<body>\n'
        f'<a class="skip" href="#rows">To the rows</a>\n'
        f"<header><h1>{text(parts.name)}</h1><p>{text(parts.lead)}</p></header>\n"
        f'<nav aria-label="Parts of the report">{links}</nav>\n<main>\n<ul class="tiles">{parts.tiles}</ul>\n'
    ).encode()
    for key, name in _SECTIONS:
        inside = parts.sections.get(key) if key != "rows" else _browser(parts.note)
        yield f'<section id="{key}"><h2>{escape(name)}</h2>\n{inside}\n</section>\n'.encode()
    yield b"</main>\n"
    for number, piece in enumerate(pieces):
        yield (
            f'<script type="application/octet-stream" id="piece-{number}">'.encode() + piece + b"</script>\n"
        )
    for packed in index:
        yield b'<script type="application/octet-stream" id="index">' + packed + b"</script>\n"
    yield f"<script>{_script()}</script>\n</body>\n</html>\n".encode()


def _browser(note: str) -> str:
    told = f'<p class="note">{text(note)}</p>' if note else ""
    return told + asset("browser.html")

"""Which licence a repository is under, read from the licence file's own words.

The file counts, not what the metadata claims: metadata is asked only where no file is recognised. Several licences in
one repository become an SPDX expression: joined by OR where the files or the metadata offer a choice, else by AND.
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

UNKNOWN = "unknown"
_READ_LIMIT = 200_000
_FILE = re.compile(r"(un)?licen[cs]e|copying", re.IGNORECASE)
# Licences of things that are not this repository's own: bundled code, fonts, file headers.
_ELSEWHERE = re.compile(r"3rd|third|vendor|bundle|header|template|notice|font", re.IGNORECASE)

# Each rule looks at the whole text, lower case, with every run of white space and quotes made one.
_MIT_GRANT = "permission is hereby granted, free of charge, to any person obtaining a copy of this software"
_ISC_GRANT = re.compile(
    r"permission to use, copy, modify, and(/or)? distribute this software for any purpose with or without fee is hereby granted"
)
_BSD_SOURCE = re.compile(
    r"redistributions? (of|in) source code(, with or without modification,)? must retain the (above )?copyright"
)
_BSD_ENDORSE = re.compile(
    r"neither the names? |may not be used to endorse|name of .{1,80} may not be used to"
)


def _bsd(text: str) -> str:
    if not _BSD_SOURCE.search(text):
        return ""
    if "all advertising materials mentioning features" in text:
        return "BSD-4-Clause"
    return "BSD-3-Clause" if _BSD_ENDORSE.search(text) else "BSD-2-Clause"


def _mit(text: str) -> str:
    if _MIT_GRANT not in text:
        return ""
    return "MIT" if "permission notice" in text else "MIT-0"


def _isc(text: str) -> str:
    if not _ISC_GRANT.search(text):
        return ""
    return "ISC" if "permission notice appear in all copies" in text else "0BSD"


def _gnu(text: str) -> str:
    """GNU licences by their title: their bodies name one another, and so do other licences."""
    title = text[:400]
    for name, short in (("affero general", "AGPL"), ("lesser general", "LGPL"), ("general", "GPL")):
        if match := re.search(rf"gnu {name} public license,? version (\d(\.\d)?)", title):
            version = match[1] if "." in match[1] else f"{match[1]}.0"
            return f"{short}-{version}-only"
    return ""


def _phrase(identifier: str, *phrases: str) -> Callable[[str], str]:
    return lambda text: identifier if any(phrase in text for phrase in phrases) else ""


_RULES: tuple[Callable[[str], str], ...] = (
    _mit,
    _bsd,
    _isc,
    _gnu,
    _phrase(
        "Apache-2.0",
        "apache license version 2.0, january 2004",
        "licensed under the apache license, version 2.0",
    ),
    _phrase("PSF-2.0", "python software foundation license version 2"),
    _phrase(
        "MPL-2.0",
        "mozilla public license version 2.0 ",
        "mozilla public license, v. 2.0",
        "mozilla public license, version 2.0",
    ),
    _phrase("EPL-2.0", "eclipse public license - v 2.0"),
    _phrase("BSL-1.0", "boost software license - version 1.0"),
    _phrase("Unlicense", "this is free and unencumbered software released into the public domain"),
    _phrase("Zlib", "altered source versions must be plainly marked as such"),
    _phrase("CC0-1.0", "cc0 1.0 universal"),
    _phrase(
        "HPND",
        "permission to use, copy, modify and distribute this software and its documentation for any purpose and without fee",
    ),
)

_CHOICE = re.compile(
    r"terms\s+of\W+either\W+of\s+the\s+licen|dual[- ]licen[sc]ed|your\s+choice\s+of\s+licen", re.IGNORECASE
)

_CLASSIFIERS = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}


def identify(text: str) -> frozenset[str]:
    """The SPDX identifiers of the licences whose wording `text` holds; empty for none known."""
    flat = re.sub(r"[\s*#>\"'`“”‘’]+", " ", text.lower()).replace("licence", "license")
    return frozenset(found for rule in _RULES if (found := rule(flat)))


def read_license(root: Path) -> str:
    """An SPDX expression for the repository at `root`, or "unknown"."""
    declared = _declared(root)
    found: set[str] = set()
    choice = False
    for path in _files(root):
        text = _text(path)
        found |= identify(text)
        choice = choice or bool(_CHOICE.search(text))
    if len(found) < 2:
        return next(iter(found), "") or (declared if _is_expression(declared) else UNKNOWN)
    if set(_identifiers(declared)) == found:
        return declared
    return (" OR " if choice else " AND ").join(sorted(found))


def _files(root: Path) -> list[Path]:
    """Licence files, links left out: a link could make us quote a file that is not the repository's."""
    try:
        top = sorted(root.iterdir())
        folders = [
            path
            for path in top
            if path.name.lower() in ("licenses", "licences") and path.is_dir() and not path.is_symlink()
        ]
        inside = [path for folder in folders for path in sorted(folder.iterdir())]
    except OSError:
        return []
    named = [path for path in top if _FILE.match(path.name) and not _ELSEWHERE.search(path.name)]
    own = [
        path
        for path in named
        if path.is_file() and not path.is_symlink() and path.suffix not in (".py", ".json")
    ]
    # A LICENSES folder holds every licence that any file of the repository is under: asked only without a LICENSE file.
    return own or [path for path in inside if path.is_file() and not path.is_symlink()]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_READ_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""


def _identifiers(expression: str) -> list[str]:
    return [word for word in re.findall(r"[A-Za-z0-9.+-]+", expression) if word not in ("AND", "OR", "WITH")]


def _is_expression(text: str) -> bool:
    """Whether `text` can be an SPDX expression of licences that we know: `MIT`, `MIT OR Apache-2.0`, not `MIT License`."""
    words = _identifiers(text)
    return (
        bool(words)
        and len(text) < 100
        and all(re.fullmatch(r"[A-Z0-9][A-Za-z]*(-[A-Za-z0-9.]+)*", word) for word in words)
        and (len(words) == 1 or " AND " in text or " OR " in text or " WITH " in text)
    )


def _declared(root: Path) -> str:
    """What pyproject.toml or PKG-INFO say: the licence expression, else the classifiers; "" for nothing of use."""
    expression, classifiers = "", []
    try:
        project = tomllib.loads(_text(root / "pyproject.toml")).get("project", {})
    except tomllib.TOMLDecodeError:
        project = {}
    if isinstance(project, dict):
        given = project.get("license")
        given = given.get("text", "") if isinstance(given, dict) else given
        expression = given.strip() if isinstance(given, str) else ""
        classifiers = [line for line in project.get("classifiers", []) if isinstance(line, str)]
    for line in _text(root / "PKG-INFO").partition("\n\n")[0].splitlines():
        key, _, value = line.partition(": ")
        if key == "License-Expression" or (key == "License" and not expression):
            expression = value.strip()
        elif key == "Classifier":
            classifiers.append(value)
    if _is_expression(expression):
        return expression
    names = {
        _CLASSIFIERS.get(line.rpartition(" :: ")[2], "")
        for line in classifiers
        if line.startswith("License ::")
    } - {""}
    # A list of classifiers does not say whether one may choose: the stricter reading.
    return " AND ".join(sorted(names))

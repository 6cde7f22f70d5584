"""The package index: which file is the source distribution of exactly this version.

The index's address is never written here: it comes from pip's own configuration, read as pip reads it (environment,
then the configuration files), and last from the default inside pip. Pages are the simple repository API's, JSON or HTML.
"""

import configparser
import os
import re
import sys
import sysconfig
import urllib.parse
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import orjson
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from punie_data.corpus.transport import NotFound, Page, Transport, shown
from punie_data.errors import UserError

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One source distribution. `sha256` and `released` are "" where the index does not say; `released` is UTC, to the second."""

    filename: str
    url: str
    sha256: str
    released: str


@dataclass(frozen=True, slots=True)
class Index:
    urls: tuple[str, ...]
    transport: Transport
    _pages: dict[str, Page] = field(
        default_factory=dict, compare=False, repr=False
    )  # several releases, one page

    def sdist(self, project: str, version: str) -> IndexFile:
        """The .tar.gz (else .zip) of exactly that version, from the first index that has it. UserError where none has."""
        return self._of_version(project, version, "source distribution", parse_sdist_filename)

    def wheel(self, project: str, version: str) -> IndexFile:
        """A wheel of exactly that version, the first by name where there are several. UserError where there is none."""
        return self._of_version(project, version, "wheel", lambda name: parse_wheel_filename(name)[:2])

    def _of_version(
        self, project: str, version: str, kind: str, parse: Callable[[str], tuple[str, Version]]
    ) -> IndexFile:
        try:
            wanted = Version(version)
        except InvalidVersion:
            raise UserError(f"{project}=={version}: {version!r} is not a version") from None
        known: set[Version] = set()
        for url in self.urls:
            found = []
            for file in self._files(url, project):
                try:
                    name, of = parse(file.filename)
                except (InvalidSdistFilename, InvalidWheelFilename, InvalidVersion):
                    continue
                if name != canonicalize_name(project):
                    continue
                known.add(of)
                if of == wanted:
                    found.append(file)
            if found:
                return min(found, key=lambda file: (file.filename.endswith(".zip"), file.filename))
        where = ", ".join(shown(url) for url in self.urls)
        if not known:
            raise UserError(f"{project}=={version}: no {kind} of {project} on {where}")
        latest = ", ".join(str(of) for of in sorted(known)[-5:])
        raise UserError(f"{project}=={version}: no such {kind} on {where}; the latest are {latest}")

    def _files(self, url: str, project: str) -> "list[IndexFile]":
        address = f"{url.rstrip('/')}/{canonicalize_name(project)}/"
        if address.startswith("file:"):
            address += "index.html"
        try:
            if address not in self._pages:
                self._pages[address] = self.transport.page(address, _ACCEPT)
        except NotFound:
            return []
        return files_of(self._pages[address])


def files_of(page: Page) -> list[IndexFile]:
    """The files that a simple-API page lists, in its order. UserError for a page that is neither its JSON nor HTML."""
    if page.content_type.split(";")[0].strip().endswith("json"):
        files = _from_json(page)
    else:
        parser = _Links(page.url)
        parser.feed(page.body.decode("utf-8", "replace"))
        files = parser.files
    of_index = urllib.parse.urlsplit(page.url).scheme
    # An index on the net must not be able to name a file of this machine.
    return [file for file in files if of_index == "file" or urllib.parse.urlsplit(file.url).scheme != "file"]


def _from_json(page: Page) -> list[IndexFile]:
    try:
        rows = orjson.loads(page.body)["files"]
        return [
            IndexFile(
                filename=row["filename"],
                url=urllib.parse.urljoin(page.url, row["url"]),
                sha256=row.get("hashes", {}).get("sha256", "").lower(),
                released=moment(row.get("upload-time") or ""),
            )
            for row in rows
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise UserError(f"{shown(page.url)}: not a page of the simple repository API") from None


class _Links(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.files: list[IndexFile] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "base" and given.get("href"):
            self.base = urllib.parse.urljoin(self.base, given["href"] or "")
        if tag != "a" or not given.get("href"):
            return
        url, _, fragment = urllib.parse.urljoin(self.base, given["href"] or "").partition("#")
        hashes = dict(pair.split("=", 1) for pair in fragment.split("&") if "=" in pair)
        filename = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])
        self.files.append(
            IndexFile(
                filename, url, hashes.get("sha256", "").lower(), moment(given.get("data-upload-time") or "")
            )
        )


def moment(text: str) -> str:
    """An ISO time as UTC to the second (`2024-08-10T09:15:02Z`), or "" for what is not one."""
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return ""
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return then.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def configured_index(environment: Mapping[str, str] = os.environ) -> Index:
    """The index that pip would use here. UserError, naming PIP_INDEX_URL, where that cannot be found out."""
    settings = _pip_settings(environment)
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        raise UserError(
            "pip is configured with no-index, so nothing can be fetched; unset it, or fetch the corpus elsewhere"
        )
    try:
        timeout = float(settings.get("timeout", "0"))
    except ValueError:
        timeout = 0.0
    urls = [settings.get("index-url") or _default_index(), *settings.get("extra-index-url", "").split()]
    return Index(
        urls=tuple(dict.fromkeys(urls)),
        transport=Transport(settings.get("cert", ""), settings.get("proxy", ""), timeout),
    )


def _pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for path in _pip_files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in ("global", "install", "download"):
            if parser.has_section(section):
                settings.update(
                    {key.replace("_", "-"): value.strip() for key, value in parser.items(section)}
                )
    for key, value in environment.items():
        if key.startswith("PIP_") and value:
            settings[key[4:].lower().replace("_", "-")] = value
    return settings


def _pip_files(environment: Mapping[str, str]) -> list[Path]:
    """Weakest first: the machine's, the user's, the virtual environment's, then PIP_CONFIG_FILE."""
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = Path(environment.get("HOME") or Path.home())
    configuration = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    machine = [
        Path(folder, "pip")
        for folder in reversed(environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"))
        if folder
    ]
    if sys.platform == "darwin":
        machine = [Path("/Library/Application Support/pip")]
    user = [home / ".pip", configuration / "pip", home / "Library/Application Support/pip"]
    folders = [*machine, Path("/etc"), *user, Path(sys.prefix)]
    return [folder / "pip.conf" for folder in folders] + ([Path(named)] if named else [])


def _default_index() -> str:
    try:
        from pip._internal.models.index import PyPI

        return PyPI.simple_url
    except (ImportError, AttributeError):
        pass
    # An environment without pip (uv, pipx) still has the wheel that `ensurepip` would install.
    try:
        import ensurepip

        # Distributions keep it in a folder of their own.
        folders = [Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels")]
        if named := sysconfig.get_config_var("WHEEL_PKG_DIR"):
            folders.append(Path(named))
        for wheel in chain.from_iterable(sorted(folder.glob("pip-*.whl")) for folder in folders):
            text = zipfile.ZipFile(wheel).read("pip/_internal/models/index.py").decode()
            if match := re.search(r"PackageIndex\(\s*[\"'](https://[^\"']+)", text):
                return urllib.parse.urljoin(match[1], "/simple")
    except (ImportError, OSError, KeyError, zipfile.BadZipFile):
        pass
    raise UserError("no pip here to ask for the package index: set PIP_INDEX_URL to its simple API's address")

"""Getting bytes over HTTPS (or from a `file:` index) with the standard library, as pip would be configured to.

A page is read whole, within a limit; a file is streamed to a temporary name, its hash checked, then renamed.
"""

import hashlib
import http.client
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data import jsonl
from punie_data.errors import UserError

ATTEMPTS = 3
_PAUSE_S = 0.5
_TIMEOUT_S = 30.0
_PAGE_LIMIT = 64 * 2**20
_FILE_LIMIT = 300 * 2**20


class NotFound(Exception):
    """The server (or folder) has no such page: an answer, so it is not tried again."""


@dataclass(frozen=True, slots=True)
class Page:
    url: str  # after redirects
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Transport:
    """`certificates`, `proxy`, `timeout` as pip's configuration gives them; "" and 0 mean the environment's."""

    certificates: str = ""
    proxy: str = ""
    timeout: float = 0.0
    pause: float = _PAUSE_S

    def page(self, url: str, accept: str = "*/*") -> Page:
        """The page at `url`. NotFound for 404, UserError when three attempts fail."""

        def read(response: Any) -> Page:
            body = response.read(_PAGE_LIMIT + 1)
            if len(body) > _PAGE_LIMIT:
                raise UserError(f"{shown(url)}: the page is larger than {_PAGE_LIMIT >> 20} MB")
            if (promised := response.headers.get("content-length")) and int(promised) > len(body):
                raise http.client.IncompleteRead(body, int(promised) - len(body))
            return Page(response.geturl(), response.headers.get("content-type", ""), body)

        return self._attempt(url, accept, read)

    def file(self, url: str, target: Path, sha256: str) -> str:
        """Stream `url` to `target` and return its sha256; when `sha256` is given and differs, nothing is left."""

        def read(response: Any) -> str:
            digest = hashlib.sha256()
            count = 0
            with jsonl.whole_file(target) as file:
                while block := response.read(1 << 16):
                    count += len(block)
                    if count > _FILE_LIMIT:
                        raise UserError(f"{shown(url)}: larger than {_FILE_LIMIT >> 20} MB")
                    digest.update(block)
                    file.write(block)
                if (promised := response.headers.get("content-length")) and int(promised) > count:
                    raise http.client.IncompleteRead(b"", int(promised) - count)
                if sha256 and digest.hexdigest() != sha256:
                    raise UserError(
                        f"{target.name}: the file's sha256 is {digest.hexdigest()}, not {sha256} as promised: not kept"
                    )
            return digest.hexdigest()

        target.parent.mkdir(parents=True, exist_ok=True)
        return self._attempt(url, "*/*", read)

    def _attempt(self, url: str, accept: str, read: Callable[[Any], Any]) -> Any:
        trouble = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            try:
                with self._open(url, accept) as response:
                    return read(response)
            except urllib.error.HTTPError as error:
                if error.code in (404, 410):
                    raise NotFound(shown(url)) from None
                trouble = f"HTTP {error.code}"
                if error.code < 500 and error.code not in (408, 429):
                    break
            except urllib.error.URLError as error:
                if isinstance(error.reason, FileNotFoundError | IsADirectoryError | NotADirectoryError):
                    raise NotFound(shown(url)) from None
                trouble = str(error.reason)
            except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
                trouble = str(error) or type(error).__name__
        raise UserError(
            f"{shown(url)}: {trouble}; check the network, or the index that pip is configured with"
        )

    def _open(self, url: str, accept: str) -> Any:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("https", "http", "file"):
            raise UserError(f"{shown(url)}: an index is read over https, http or file, not {parts.scheme!r}")
        host = parts.netloc.rpartition("@")[2]
        request = urllib.request.Request(
            urllib.parse.urlunsplit((parts.scheme, host, parts.path, parts.query, "")),
            headers={"Accept": accept, "User-Agent": "punie-data"},
        )
        if parts.username:
            # Unredirected: a redirect to another host must not carry the password there.
            pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            request.add_unredirected_header("Authorization", f"Basic {b64encode(pair.encode()).decode()}")
        handlers: list[Any] = [urllib.request.HTTPSHandler(context=self._context())]
        if self.proxy:
            handlers.append(urllib.request.ProxyHandler({"http": self.proxy, "https": self.proxy}))
        if parts.scheme != "file":
            handlers.append(_StayOnTheNet())
        opener = urllib.request.build_opener(*handlers)
        return opener.open(request, timeout=self.timeout or _TIMEOUT_S)

    def _context(self) -> ssl.SSLContext:
        named = self.certificates or next(
            (
                os.environ[key]
                for key in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
                if os.environ.get(key)
            ),
            "",
        )
        if not named:
            return ssl.create_default_context()
        path = Path(named)
        try:
            if path.is_dir():
                return ssl.create_default_context(capath=named)
            return ssl.create_default_context(cafile=named)
        except (OSError, ssl.SSLError) as error:
            raise UserError(f"the certificates {named} cannot be read: {error}") from None


class _StayOnTheNet(urllib.request.HTTPRedirectHandler):
    """A server must not be able to send us to a file of this machine, nor from https down to http."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme != "https" and not (scheme == "http" and req.type == "http"):
            raise UserError(f"{shown(req.full_url)}: redirected to {scheme!r}, which is refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def shown(url: str) -> str:
    """`url` fit to be printed: without user, password and query."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

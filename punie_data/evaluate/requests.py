"""JSON over HTTP as an evaluation needs it: to the named server and no other, with an end to all waiting, and to no answer's size.

No redirection is followed and no proxy is asked: a key and a question go where the user said. A key goes over an unencrypted connection only to
this machine itself.
"""

import http.client
import ipaddress
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from punie_data.errors import UserError

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer. A turn of a model is a few thousand."""
MOST_WAIT = 30.0
"""Seconds that are waited at most before an attempt, whatever the server asks for."""
BUSY = frozenset({408, 409, 425, 429})


class NoAnswer(Exception):
    """There is no answer that can be used; the message says why. `reached`: the server answered at all."""

    def __init__(self, message: str, reached: bool) -> None:
        super().__init__(message)
        self.reached = reached


@dataclass(frozen=True, slots=True)
class Server:
    """`url` is where the paths begin, `http://localhost:8080/v1`; `timeout` seconds are for a whole answer, `attempts` for one that fails."""

    url: str
    key: str = ""
    timeout: float = 120.0
    attempts: int = 3
    pause: float = 1.0

    def __post_init__(self) -> None:
        """UserError for a URL that is none or holds a password, and for a key that would be readable on the way."""
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise UserError(f"the endpoint is no URL: {error}") from None
        if parts.scheme not in ("http", "https") or not host:
            raise UserError(f"{self.url} is no URL of an endpoint: name one such as http://localhost:8080/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise UserError("the endpoint's URL holds a name, a password or a query: name its address alone, and the variable with the key by --api-key-from")  # fmt: skip
        if self.key and parts.scheme == "http" and not _is_here(host):
            raise UserError("the key would go over the network unencrypted: use an https endpoint")

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON that the server answers. Tried again where it is busy, fails or can't be reached. NoAnswer where nothing helps."""
        trouble = NoAnswer("", False)
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(min(MOST_WAIT, self.pause * 2 ** (attempt - 1)))
            try:
                status, text, wait = self._once(method, path, body)
            except TimeoutError:
                trouble = NoAnswer(f"no answer in {self.timeout:g} s", True)
                continue
            except (OSError, http.client.HTTPException) as error:
                said = getattr(error, "strerror", None) or str(error) or type(error).__name__
                trouble = NoAnswer(f"{self.url} can't be reached: {said}", False)
                continue
            if status == 200:
                try:
                    return json.loads(text)
                except (ValueError, RecursionError):
                    raise NoAnswer(f"the answer is not JSON: {_short(text)}", True) from None
            trouble = NoAnswer(f"the server answered {status}: {_short(text)}", True)
            if status not in BUSY and status < 500:
                break
            if wait and attempt + 1 < self.attempts:
                time.sleep(min(MOST_WAIT, wait))
        raise trouble

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, str, float]:
        """(status, text, seconds that the server asks to wait). TimeoutError when the whole of it takes too long."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        assert parts.hostname is not None
        connection = kind(parts.hostname, parts.port, timeout=self.timeout)
        deadline = time.monotonic() + self.timeout
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "punie-data",
        }
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            sent = None if body is None else json.dumps(body).encode()
            connection.request(method, f"{parts.path.rstrip('/')}{path}", sent, headers)
            answer = connection.getresponse()
            read = bytearray()
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                if connection.sock is not None:
                    connection.sock.settimeout(left)
                piece = answer.read1(1 << 16)
                if not piece:
                    break
                read += piece
                if len(read) > LARGEST:
                    raise http.client.HTTPException(f"the answer is larger than {LARGEST:,} bytes")
            if answer.length:  # what the header promised and did not come
                raise http.client.HTTPException("the answer broke off")
            return answer.status, read.decode("utf-8", "replace"), _seconds(answer.getheader("Retry-After"))
        finally:
            connection.close()


def key_from(variable: str | None) -> str:
    """The key in that variable of the environment, "" where none is named. UserError where the variable is empty."""
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UserError(f"the environment has no {variable}: set it to the endpoint's key")
    if not key.isascii() or not key.isprintable():
        raise UserError(f"{variable} holds characters that no key has")
    return key


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _seconds(told: str | None) -> float:
    return float(told) if told and told.isdigit() else 0.0


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 120 else f"{line[:120]}…")

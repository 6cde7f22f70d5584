"""PD7xx: what must not be published. These look at every text of a line, whatever its shape."""

import functools
import math
import re
from collections.abc import Iterator
from typing import Any

from punie_data.tools.normalise import EMAIL, RESERVED, SECRET
from punie_data.validate.rule import shown
from punie_data.validate.view import texts_of

_EVERYBODY = r"(?:user|username|you|yourname|your_name|your-name|me|name|alice|bob|someone|somebody|runner|vscode|app|node|jovyan|ubuntu|xxx|USER|USERNAME)"
_LOCAL_PATH = (
    rf"(?<![\w.~/-])/(?:home|Users)/(?!{_EVERYBODY}(?![\w-]))[A-Za-z_][\w.-]*(?=/|\b)"
    rf"|(?<![A-Za-z0-9])[A-Za-z]:\\+(?:Users|Documents and Settings)\\+(?!{_EVERYBODY}(?![\w-]))[A-Za-z_][\w. -]*"
)
_ASSIGNED = (
    r"(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth)[\w-]{0,20}[\"']?\s*(?:=|:|=>)\s*[\"']"
    r"([A-Za-z0-9+/_=.-]{20,200})[\"']"
)
_NOT_A_SECRET = re.compile(
    r"example|changeme|placeholder|dummy|sample|test|fake|xxxx|your|secret|password|token|0000|1234|\.\.\.",
    re.IGNORECASE,
)


@functools.cache
def _local_path() -> re.Pattern[str]:
    return re.compile(_LOCAL_PATH)


@functools.cache
def _assigned() -> re.Pattern[str]:
    return re.compile(_ASSIGNED, re.IGNORECASE)


def local_path(value: Any) -> Iterator[str]:
    """A text holds a path in somebody's home directory: `/home/jane/…`, `/Users/jane/…`, `C:\\Users\\jane\\…`.

    It names a person and a machine, and no repository has it. Names that documentation uses for anybody (`/home/user`) are spared.
    """
    for text in texts_of(value):
        if "/home/" in text or "/Users/" in text or ":\\" in text:
            found = _local_path().search(text)
            if found is not None:
                yield f"a text holds the local path {shown(found[0])}"
                return


def email_address(value: Any) -> Iterator[str]:
    """A text holds an e-mail address.

    It is personal data, however public the repository. Domains that are reserved for examples (example.com, .invalid, .test, localhost) are spared.
    """
    for text in texts_of(value):
        if "@" not in text:
            continue
        for found in EMAIL.finditer(text):
            if not RESERVED.search(found[0].rpartition("@")[2]):
                # The address itself is not repeated: a report of findings is passed around more freely than the data.
                yield f"a text holds an e-mail address at {shown(found[0].rpartition('@')[2])}"
                return


def secret(value: Any) -> Iterator[str]:
    """A text holds what looks like a credential: a cloud, forge, chat or model provider's key, a JWT, a private key, a random value set to a password.

    It may still be valid, and a model repeats it.
    """
    for text in texts_of(value):
        found = SECRET.search(text)
        if found is not None:
            yield f"a text holds what looks like a secret, beginning {shown(found[0][:6])}"
            return
        for candidate in _assigned().findall(text):
            if (
                not _NOT_A_SECRET.search(candidate)
                and _entropy(candidate) > 3.7
                and any(c.isdigit() for c in candidate)
            ):
                yield "a text sets a password or a token to what looks like a real one"
                return


def _entropy(text: str) -> float:
    """Bits a character. English identifiers lie around 3.5, random base64 of 24 characters above 4."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in (text.count(c) for c in set(text)))

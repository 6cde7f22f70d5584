"""PD7xx: what must not be published. These look at every text of a line, whatever its shape."""

from collections.abc import Iterator
from typing import Any

from punie_data.sensitive.personal import find_personal
from punie_data.sensitive.secrets import find_secrets
from punie_data.validate.view import texts_of


def local_path(value: Any) -> Iterator[str]:
    """A text holds a path in somebody's home directory: `/home/jane/…`, `/Users/jane/…`, `C:\\Users\\jane\\…`.

    It names a person and a machine, and no repository has it. Names that documentation uses for anybody (`/home/user`) are spared.
    """
    yield from _first_personal(value, "home")


def email_address(value: Any) -> Iterator[str]:
    """A text holds an e-mail address.

    It is personal data, however public the repository. Domains that are reserved for examples (example.com, .invalid, .test, localhost) and the
    accounts of programs (`git@host:owner/name`) are spared.
    """
    yield from _first_personal(value, "e-mail")


def secret(value: Any) -> Iterator[str]:
    """A text holds what looks like a credential: a key or token of a well-known issuer, a JWT, a private key, a password in a URL, a header or an
    assignment.

    It may still be valid, and a model repeats it. Placeholders of documentation, and what is not random enough to be a key, are spared.
    """
    for text in texts_of(value):
        for found in find_secrets(text):
            yield f"a text holds {found.what}"
            return


def _first_personal(value: Any, kind: str) -> Iterator[str]:
    for text in texts_of(value):
        for found in find_personal(text):
            if found.kind == kind:
                yield f"a text holds {found.what}"
                return

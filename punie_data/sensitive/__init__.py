"""What must not be published: `find` says where a text holds it, `redact` takes out what can be taken out.

One implementation for everybody: the tools' normaliser, the judge of generated rows, the rules PD700 to PD702 and the gate. A secret is never
redacted: where one stands, the row goes, because a key that was taken out of one place is still in the next.
"""

from collections.abc import Iterator

from punie_data.sensitive.found import Found
from punie_data.sensitive.personal import find_personal, may_hold_personal
from punie_data.sensitive.secrets import find_secrets, may_hold_secret

KINDS = ("secret", "e-mail", "phone", "ip", "home")
PLACEHOLDERS = {"e-mail": "[e-mail]", "phone": "[phone]", "ip": "[ip]", "home": "[user]"}
"""What stands for a thing that was taken out; none of them is found again."""


def find(text: str) -> Iterator[Found]:
    """Everything in a text that must not be published, secrets first, each kind in the order of the text."""
    yield from find_secrets(text)
    yield from find_personal(text)


def may_hold(text: str) -> bool:
    """False only where `find` finds nothing, and much cheaper: for texts of which most are clean."""
    return may_hold_secret(text) or may_hold_personal(text)


def has_secret(text: str) -> bool:
    """Whether the text holds what looks like a key, a token, a password or a private key."""
    return next(find_secrets(text), None) is not None


def redact(text: str) -> tuple[str, int]:
    """The text without e-mail addresses, telephone numbers, public addresses and users' names in paths, and how many were taken out.

    What it returns comes back unchanged when it is given again.
    """
    if not may_hold_personal(text):
        return text, 0
    count = 0
    # What was taken out may have hidden what stands beside it: until nothing is found. Each round removes something, so it ends.
    while found := sorted(find_personal(text), key=lambda one: one.start):
        parts, position = [], 0
        for one in found:
            if one.start < position:
                continue
            parts += [text[position : one.start], PLACEHOLDERS[one.kind]]
            position = one.end
            count += 1
        text = "".join(parts) + text[position:]
    return text, count

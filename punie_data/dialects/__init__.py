"""Dialects: how a conversation with tool calls is written down for a model. One file each, which renders and parses.

dialect = dialects.load("hermes")
dialect.render(record, signatures, system_prompt)   # → Rendered(messages, tools) | Refused(reason)
dialect.parse(assistant_text, signatures)           # → Parsed(content, calls) | Malformed(reason)
"""

from importlib import import_module

from punie_data.dialects.base import Call, Dialect, Malformed, Parsed, Refused, Rendered, Signatures
from punie_data.dialects.signatures import signatures
from punie_data.errors import UserError

DIALECTS = {
    "native": "native",
    "hermes": "hermes",
    "hermes-brief": "hermes_brief",
    "qwen3-xml": "qwen3_xml",
    "json-fence": "json_fence",
    "code": "code",
    "text": "text",
}
"""Name → module of this package."""

__all__ = [
    "DIALECTS", "Call", "Dialect", "Malformed", "Parsed", "Refused", "Rendered", "Signatures", "load", "signatures",
]  # fmt: skip


def load(name: str) -> Dialect:
    """The dialect of that name. UserError where there is none."""
    if name not in DIALECTS:
        raise UserError(f"there is no dialect {name}: {', '.join(DIALECTS)}")
    return import_module(f"punie_data.dialects.{DIALECTS[name]}").DIALECT

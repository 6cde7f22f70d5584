"""What stands beside a conversation in its row: tools, a licence, pictures, and what an export of ours kept there."""

from collections.abc import Mapping
from typing import Any

from punie_data.importing.conversation import Conversation, Signature, Turn, Unconvertible
from punie_data.importing.signatures import signatures_of

_KEPT = frozenset({"id", "label", "origin", "runs"})
_KEEPERS = ("punie_data", "metadata")
_MEDIA = ("images", "image", "videos", "audios", "audio")


def conversation_of(
    name: str, row: Mapping[str, Any], turns: tuple[Turn, ...], kind: str = "", category: str = ""
) -> Conversation:
    """The conversation that a row of the format `name` holds, given its turns. Unconvertible where the row holds pictures or sound
    too, or says that its answer is not to be learned."""
    medium = next((key for key in _MEDIA if row.get(key)), None)
    if medium is not None:
        raise Unconvertible("a part that is no text", f"the row has {medium}")
    if row.get("label") is False:  # KTO's
        raise Unconvertible("an answer that the row marks as a bad one")
    signatures, offered = offers_of(row)
    kept = kept_of(row)
    origin = kept.get("origin")
    license_ = row.get("license", origin.get("license") if isinstance(origin, Mapping) else None)
    return Conversation(
        name,
        turns,
        signatures,
        offered,
        kind=kind,
        category=category,
        license=license_ if isinstance(license_, str) else "",
        kept=kept,
    )


def offers_of(row: Mapping[str, Any]) -> tuple[tuple[Signature, ...], tuple[str, ...]]:
    """The tools that a row describes or names (`tools`, `functions`), and their names in its order."""
    given = next((row[key] for key in ("tools", "functions") if row.get(key)), None)
    if isinstance(given, list) and all(isinstance(each, str) and each and "{" not in each for each in given):
        return (), tuple(dict.fromkeys(given))
    signatures = signatures_of(given)
    return signatures, tuple(signature.name for signature in signatures)


def text_of(row: Mapping[str, Any], key: str) -> str:
    """The text under a key. Unconvertible where there is none."""
    value = row.get(key)
    if not isinstance(value, str):
        raise Unconvertible("no conversation", f"{key} is no text")
    return value


def kept_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an export of ours wrote beside the conversation; {} in a row of anybody else's."""
    for holder in (row, *(row.get(key) for key in _KEEPERS)):
        if isinstance(holder, Mapping) and holder.keys() >= _KEPT:
            return holder
    return {}

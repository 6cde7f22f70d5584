"""PD15x: the record around the conversation: its id, its origin, its label."""

import functools
import hashlib
import re
from collections.abc import Iterator

from punie_data.chat import canonical
from punie_data.validate.rule import shown
from punie_data.validate.view import View

NO_LICENCE = frozenset(
    {"", "unknown", "none", "noassertion", "n/a", "na", "?", "other", "unlicensed", "proprietary"}
)
NOWHERE = frozenset({"", "unknown", "none", "n/a", "na", "?", "todo", "tbd", "null"})
_ADMITS = (
    r"\b(?:can(?:'|’)?t|cannot|can not|unable|not able|not possible|impossible|no (?:available |suitable )?(?:tool|way)|"
    r"(?:none|neither) of|not available|unavailable|(?:don|doesn|isn|aren|won|didn|wasn)(?:'|’)t|(?:do|does|is|are|will) not|"
    r"without (?:a|an|the|access)|lack|missing|beyond|outside|no (?:access|means|tools?))\b"
)


def identity(messages: object, tools: object, label: object) -> str:
    """The id that `chat.Example.id` computes, for a row that satisfies the schema; a test compares the two."""
    return hashlib.sha256(canonical({"messages": messages, "tools": tools, "label": label})).hexdigest()[:20]


def wrong_id(view: View) -> Iterator[str]:
    """The id is not the hash of the messages, the tools and the label.

    The row was edited after it was made. Edit the generator instead: a dataset is never edited in place.
    """
    right = identity(view.messages, view.tools, view.row["label"])
    if view.row["id"] != right:
        yield f"the id is {view.row['id']}, the content's is {right}: the row was edited"


def no_licence(view: View) -> Iterator[str]:
    """The origin has no licence, or one that says nothing ("unknown").

    Without it nobody can tell whether the row may be trained on and passed on.
    """
    given = view.row["origin"]["license"]
    if given.strip().lower() in NO_LICENCE:
        yield f"the origin's licence is {shown(given)}"


def no_origin(view: View) -> Iterator[str]:
    """The origin does not say where the row comes from: its generator, repository or revision is blank or a placeholder.

    Such a row can be neither replayed nor split by origin.
    """
    origin = view.row["origin"]
    for key in ("generator", "repo", "revision"):
        if origin[key].strip().lower() in NOWHERE:
            yield f"origin.{key} is {shown(origin[key])}"


def label_against_calls(view: View) -> Iterator[str]:
    """The label's kind and the conversation disagree: `tool` without a call, or `direct`, `ask` or `cannot` with a call for the last question.

    The share of tool rows is counted by the label; where it lies, every balance after it is wrong.
    """
    last_question = max((i for i, m in enumerate(view.messages) if m["role"] == "user"), default=-1)
    if view.kind == "tool":
        if not view.calls:
            yield "the label says tool, and there is no call"
    elif any(call.turn > last_question for call in view.calls):
        yield f"the label says {view.kind}, and the last question is answered with a call"


def ask_without_question(view: View) -> Iterator[str]:
    """A row labelled `ask` ends with an answer that asks nothing.

    Its point is to ask for the missing argument; the last sentence must be a question.
    """
    if view.kind == "ask" and not view.answer.rstrip(" \n*_`\"')").endswith("?"):
        yield "the label says ask, and the answer does not end with a question"


def cannot_without_refusal(view: View) -> Iterator[str]:
    """A row labelled `cannot` has an answer that does not say what is not possible.

    A row that answers after all teaches the model to guess where it has no tool.
    """
    if view.kind == "cannot" and not admits().search(view.answer):
        yield "the label says cannot, and the answer does not say that something can't be done"


@functools.cache
def admits() -> re.Pattern[str]:
    return re.compile(_ADMITS, re.IGNORECASE)

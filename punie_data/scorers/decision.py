"""What did the model decide: call a tool, answer, ask back, or say that it can't? The four kinds of When2Call, read from one assistant turn.

A turn with a call is `tool`; one that sets out to call and fails is `malformed`, which is none of the four and never an abstention. Prose is told
apart by how requests for what is missing and refusals are worded; that is a rule of thumb, and a test holds how often it errs on mined rows.
"""

import re
from typing import Literal

from punie_data.chat import Kind
from punie_data.dialects.base import Malformed, Parsed

Decision = Kind | Literal["malformed"]

CANNOT = re.compile(
    r"\b(?:i can(?:'|’)?(?:no)?t\b|i can ?not\b|i(?:'|’)m (?:not able|unable)\b|i am (?:not able|unable)\b|i have no (?:way|tool)|can(?:'|’)?t be done|"
    r"can ?not be done|no tool (?:at my disposal|here|for)|(?:none|nothing) of (?:the tools|it|what|them (?:\w+s\b|does|can (?!be)))|nothing i have\b|beyond what i can|there(?:'|’)s no tool|there is no tool|"
    r"(?:without|lack|lacking|missing) (?:a|the) (?:right )?tool|not possible with|i don(?:'|’)t have (?:a tool|access|one|any))",
    re.IGNORECASE,
)
ASK = re.compile(
    r"\b(?:which|what|where|who|how)\b[^.!]*\?\s*$|\b(?:could|can|would|will) you (?:please )?(?:tell|give|say|name|specify|share|clarify|provide|point|let)\b|"
    r"\bplease (?:tell|give|say|name|specify|share|clarify|provide|let)\b|\bi(?:'|’)?(?: wi|’)?ll? ?need (?:the|to know|a|its|your)\b|\bi need (?:the|to know|a|its|your)\b|"
    r"\bdo you mean\b|\blet me know (?:which|what|the)\b|\btell me (?:which|what|the)\b",
    re.IGNORECASE,
)
OPENING = 320
"""Characters in which a refusal or a request is made; further down an answer may quote one."""


def decision(turn: Parsed | Malformed) -> Decision:
    """The kind of an assistant's turn."""
    if isinstance(turn, Malformed):
        return "malformed"
    if turn.calls:
        return "tool"
    text = turn.content.strip()
    prose = re.sub(r"```.*?(?:```|\Z)|`[^`\n]*`", "x", text, flags=re.DOTALL)
    if len(prose) < OPENING and prose.endswith("?") and ASK.search(prose):
        return "ask"
    if CANNOT.search(prose[:OPENING]):
        return "cannot"
    return "ask" if len(prose) < OPENING and ASK.search(prose) else "direct"

"""Tool names to the signatures that a chat template or a system prompt shows."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from punie_data.dialects.base import Refused, Signatures
from punie_data.tools.schemas import tool_schemas


def signatures(
    names: Sequence[str], known: Mapping[str, Mapping[str, Any]] | None = None
) -> list[dict[str, Any]] | Refused:
    """The signatures of the tools in `names`, in that order; `known` are those of tools that aren't ours, by name, in OpenAI's form."""
    found = []
    for name in names:
        schema = tool_schemas().get(name)
        if known is not None and name in known:
            found.append(dict(known[name]))
        elif schema is not None:
            function = {"name": name, "description": schema["description"], "parameters": schema["arguments"]}
            found.append({"type": "function", "function": function})
        else:
            return Refused(f"no signature is known of the tool {name}")
    return found


def parameters_of(name: str, tools: Signatures) -> Mapping[str, Any]:
    """The JSON Schema of each parameter of a tool; nothing for a tool that isn't there."""
    for tool in tools:
        function = tool.get("function") or {}
        if function.get("name") == name:
            return (function.get("parameters") or {}).get("properties") or {}
    return {}


def as_lines(tools: Signatures) -> str:
    """One signature a line, as JSON."""
    return "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)

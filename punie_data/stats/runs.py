"""What stands behind a call's result, by what the row itself says."""

import hashlib
from typing import Any, Literal

from punie_data.importing.record import IMPORTED

State = Literal["recorded", "imported", "changed", "unrecorded"]
"""`recorded`: a run is noted and the result in the row is, byte for byte, the one it gave. `changed`: a run is noted and the result is another
one. `imported`: the row came with its result, which nobody here has run. `unrecorded`: no run is noted, so nobody can say where the result is from."""


def states(row: dict[str, Any]) -> dict[str, State]:
    """The state of each call of a row, by the call's id, in order."""
    runs = {run["call_id"]: run for run in row["runs"]}
    results = {m["tool_call_id"]: m["content"] for m in row["messages"] if m["role"] == "tool"}
    found: dict[str, State] = {}
    for message in row["messages"]:
        for call in message.get("tool_calls", ()):
            run = runs.get(call["id"])
            if run is None or call["id"] not in results:
                found[call["id"]] = "unrecorded"
            elif run["tool_version"] == IMPORTED:
                found[call["id"]] = "imported"
            else:
                content = results[call["id"]].encode("utf-8", "surrogatepass")
                found[call["id"]] = (
                    "recorded" if hashlib.sha256(content).hexdigest() == run["sha256"] else "changed"
                )
    return found

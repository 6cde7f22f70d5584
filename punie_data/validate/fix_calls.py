"""What is mended in calls and in the results that answer them. As in `fix_record`, each function mends in place and yields what it did."""

from collections.abc import Iterator
from typing import Any

import orjson

from punie_data.validate.fix_record import checksums, digest, messages_of, renamed
from punie_data.validate.fix_text import repeated_keys
from punie_data.validate.signatures import shipped

_OLD_KEYS = {"tool": "name", "tool_name": "name", "args": "arguments", "parameters": "arguments", "input": "arguments"}  # fmt: skip
_TYPES = {"name": str, "arguments": (dict, str)}


def call_keys(row: dict[str, Any]) -> Iterator[str]:
    """`tool`, `args` and their like become `name` and `arguments`, where only one key can be meant."""
    for where, call in _calls(row):
        function = call.get("function")
        inner = function if isinstance(function, dict) else call
        for new, kind in _TYPES.items():
            old = [key for key in _OLD_KEYS if key in inner and _OLD_KEYS[key] == new]
            if new not in inner and len(old) == 1 and isinstance(inner[old[0]], kind):
                renamed(inner, old[0], new)
                yield f"{where}: {old[0]!r} becomes {new!r}"


def calls_in_their_shape(row: dict[str, Any]) -> Iterator[str]:
    """`{"name", "arguments"}` gets its `function` around it, and a call without a `type` its type; one call becomes a list of one."""
    for index, message in messages_of(row):
        calls = message.get("tool_calls")
        if isinstance(calls, str):
            calls = _decoded(calls)
        if isinstance(calls, dict):
            calls = [calls]
        if calls is not message.get("tool_calls"):
            if not (isinstance(calls, list) and calls and all(isinstance(call, dict) for call in calls)):
                continue
            message["tool_calls"] = calls
            yield f"messages[{index}]: 'tool_calls' becomes a list of calls"
    for where, call in _calls(row):
        if "function" not in call and isinstance(call.get("name"), str) and "arguments" in call:
            inner = {"name": call.pop("name"), "arguments": call.pop("arguments")}
            call.pop("type", None)
            head = {"id": call.pop("id")} if "id" in call else {}
            rest = dict(call)
            call.clear()
            call.update({**head, "type": "function", "function": inner, **rest})
            yield f"{where}: name and arguments come into 'function'"
        elif isinstance(call.get("function"), dict) and call.get("type") is None:
            function = call.pop("function")
            call.pop("type", None)
            call.update({"type": "function", "function": function})
            yield f"{where}: the type, which is missing, becomes 'function'"


def arguments_from_text(row: dict[str, Any]) -> Iterator[str]:
    """Arguments that are JSON in a string become the object that the string holds."""
    for where, call in _calls(row):
        function = call.get("function")
        if isinstance(function, dict) and isinstance(function.get("arguments"), str):
            value = _decoded(function["arguments"])
            if isinstance(value, str):  # written out twice
                value = _decoded(value)
            if isinstance(value, dict):
                function["arguments"] = value
                yield f"{where}: the arguments, which are text, become an object"


def without_filled_arguments(row: dict[str, Any]) -> Iterator[str]:
    """Null arguments that a known tool doesn't have, or has as optional and never null, go: Arrow fills them in from the other rows' tools."""
    for where, call in _calls(row):
        function = call.get("function")
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if not isinstance(arguments, dict) or None not in arguments.values():
            continue
        name = function.get("name")
        if not isinstance(name, str) or name not in shipped():
            continue
        parameters, required = shipped().parameters(name), shipped().required(name)
        for key in [key for key, value in arguments.items() if value is None]:
            if key not in required and not _may_be_null(parameters.get(key, {"type": "never"})):
                del arguments[key]
                yield f"{where}: the argument {key[:30]!r}, which is null, goes"


def results_paired(row: dict[str, Any]) -> Iterator[str]:
    """Each result names the call that it answers, where only one can be meant: the only one that is open, or the only one of its name."""
    messages = row.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return
    is_record = "label" in row and "origin" in row
    if is_record:
        yield from _identified(row)
    given = [call.get("id") for _, call in _calls(row)]
    if not all(isinstance(each, str) for each in given) or len(set(given)) < len(given):
        return
    recorded = checksums(row)
    for index, message in enumerate(messages):
        calls = message.get("tool_calls")
        if message.get("role") != "assistant" or not isinstance(calls, list) or not calls:
            continue
        if not all(isinstance(call, dict) for call in calls):
            continue
        results = _results_behind(messages, index)
        yield from _paired(calls, results, set(given), recorded)
        if is_record:
            yield from _named(calls, results)


def _paired(
    calls: list[dict[str, Any]],
    results: list[tuple[int, dict[str, Any]]],
    known: set[Any],
    recorded: dict[str, Any],
) -> Iterator[str]:
    ids = {call["id"] for call in calls}
    given = [result.get("tool_call_id") or None for _, result in results]
    if not all(isinstance(each, str | None) for each in given):
        return
    present = [each for each in given if each]
    if len(set(present)) < len(present):
        return  # two results of one call: which of them is the stray can't be told
    open_calls = [call for call in calls if call["id"] not in present]
    open_results = [(i, result) for (i, result), each in zip(results, given, strict=True) if each not in ids]
    # An id of another turn's call: that result stands in the wrong place.
    if len(open_calls) != len(open_results) or any(each in known - ids for each in present):
        return
    names = [result.get("name") for _, result in open_results]
    for index, result in open_results:
        name, content = result.get("name"), result.get("content")
        proof = digest(content) if isinstance(content, str) else None
        proved = [call for call in open_calls if proof is not None and recorded.get(call["id"]) == proof]
        fitting = [call for call in open_calls if _name(call) == name] if name else open_calls
        if len(proved) == 1 and proved[0] in fitting:
            fitting = proved
        elif names.count(name) != 1 or any(call["id"] in recorded for call in fitting):
            continue  # what the runs recorded says otherwise
        if len(fitting) != 1:
            continue
        # In its place, which is behind the content where there was none.
        rest = {key: value for key, value in result.items() if key not in ("tool_call_id", "name")}
        named = {"name": name} if "name" in result else {}
        result.clear()
        result.update({**rest, "tool_call_id": fitting[0]["id"], **named})
        open_calls = [call for call in open_calls if call is not fitting[0]]
        yield f"messages[{index}]: the result answers the call {fitting[0]['id'][:30]!r}"


def _named(calls: list[dict[str, Any]], results: list[tuple[int, dict[str, Any]]]) -> Iterator[str]:
    names = {call["id"]: _name(call) for call in calls}
    for index, result in results:
        name = names.get(result.get("tool_call_id")) if isinstance(result.get("tool_call_id"), str) else None
        if name and not result.get("name"):
            result["name"] = name
            yield f"messages[{index}]: the result gets the name of its call, {name[:30]!r}"


def _identified(row: dict[str, Any]) -> Iterator[str]:
    """Calls without an id get the one that their run has, or else are numbered: call_0, call_1, …"""
    calls = list(_calls(row))
    if all(isinstance(call.get("id"), str) and call["id"] for _, call in calls):
        return
    runs = row.get("runs")
    recorded = [run.get("call_id") for run in runs if isinstance(run, dict)] if isinstance(runs, list) else []
    taken = {call.get("id") for _, call in calls if isinstance(call.get("id"), str)}
    for number, (where, call) in enumerate(calls):
        if call.get("id"):
            continue
        wanted = recorded[number] if len(recorded) == len(calls) else f"call_{number}"
        if not isinstance(wanted, str) or not wanted or wanted in taken:
            continue
        taken.add(wanted)
        rest = {key: value for key, value in call.items() if key != "id"}
        call.clear()
        call.update({"id": wanted, **rest})
        yield f"{where}: the call gets the id {wanted[:30]!r}"


def _results_behind(messages: list[dict[str, Any]], turn: int) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for index in range(turn + 1, len(messages)):
        if messages[index].get("role") != "tool":
            break
        found.append((index, messages[index]))
    return found


def _calls(row: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, message in messages_of(row):
        calls = message.get("tool_calls")
        for number, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                yield f"messages[{index}].tool_calls[{number}]", call


def _name(call: dict[str, Any]) -> str | None:
    function = call.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) and name else None


def _decoded(text: str) -> Any:
    """The JSON value of a text, None where it is none or where reading it would lose something: a key that stands twice, a wide number."""
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    return value if repeated_keys(text) == [] else None


def _may_be_null(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    if kind is None:
        return True
    return kind == "null" or (isinstance(kind, list) and "null" in kind)

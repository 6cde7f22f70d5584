"""Why a value does not satisfy a schema, in words. Slow, and only asked when the compiled validator has said no."""

from collections.abc import Iterable, Mapping
from typing import Any

from punie_data.validate.rule import shown


def explain(schema: Mapping[str, Any], value: Any) -> str:
    """`messages[1].tool_calls[0].function: 'name' is missing`: the error that lies nearest to the cause, with its path."""
    # jsonschema takes a tenth of a second to import, which a clean file must not pay.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    try:
        error = best_match(_at_the_cause(Draft202012Validator(schema).iter_errors(value)))
    except RecursionError:
        return "it is nested too deep"
    if error is None:
        # The two libraries disagree: say so rather than let the row pass.
        return "it does not satisfy the schema (the fast validator says so, the slow one does not)"
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path).removeprefix(
        "."
    )
    return f"{place}: {_reason(error)}" if place else _reason(error)


def _at_the_cause(errors: Iterable[Any]) -> list[Any]:
    """A message that satisfies none of the roles' schemas is judged by the schema of its own role."""
    found = []
    for error in errors:
        if error.validator != "oneOf" or not error.context:
            found.append(error)
            continue
        branches: dict[int, list[Any]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        of_its_role = [
            inner
            for inner in branches.values()
            if not any(e.validator == "const" and list(e.path) == ["role"] for e in inner)
        ]
        found.extend(of_its_role[0] if len(of_its_role) == 1 else [error])
    return found


def _reason(error: Any) -> str:
    given = error.instance
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in given]
        return f"{', '.join(map(repr, missing))} {'is' if len(missing) == 1 else 'are'} missing"
    if error.validator == "additionalProperties":
        unknown = [key for key in given if key not in error.schema.get("properties", {})]
        return f"the key {', '.join(shown(key) for key in unknown)} is unknown"
    if error.validator == "type":
        wanted = (
            error.validator_value
            if isinstance(error.validator_value, str)
            else " or ".join(error.validator_value)
        )
        return f"{_short(given)} is not of type {wanted}"
    if error.validator == "enum":
        return f"{_short(given)} is not one of {', '.join(map(repr, error.validator_value))}"
    if error.validator == "const":
        return f"{_short(given)} is not {error.validator_value!r}"
    if error.validator == "pattern":
        return f"{_short(given)} does not look like {error.validator_value}"
    if error.validator in ("minItems", "minLength"):
        return f"{_short(given)} is too short (at least {error.validator_value})"
    if error.validator == "uniqueItems":
        return f"{_short(given)} has an item twice"
    if error.validator == "oneOf":
        role = given.get("role") if isinstance(given, dict) else None
        return (
            f"the role {_short(role)} is not user, assistant or tool"
            if isinstance(given, dict)
            else f"{_short(given)} is not a message"
        )
    return f"{_short(given)} does not satisfy {error.validator}"


def _short(value: Any) -> str:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return "an object" if value else "{}"
    if isinstance(value, list):
        return "an array" if value else "[]"
    return (
        {True: "true", False: "false", None: "null"}.get(value, str(value))
        if value is None or isinstance(value, bool)
        else str(value)[:60]
    )

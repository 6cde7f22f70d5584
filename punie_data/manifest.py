"""The shape of a manifest: what of it is read has to be of the right kind, so that a damaged one is told once and not met by every reader."""

from typing import Any

_TEXTS = {"*": str}
_SIGNATURE = {"description": str, "arguments": {"*": None}}
_SHAPE: dict[str, Any] = {
    "made_by": str,
    "system_prompt": (str, type(None)),
    "system_prompts": [{"text": str, "rows": str}],
    "signatures": {"*": _SIGNATURE},
    "signature_variants": [{"tool": str, "signature": _SIGNATURE, "rows": str}],
    "options": {"*": None},
    "tools": {"*": None},
    "sources": [{"*": None}],
    "steps": [{"command": str, "options?": {"*": None}, "inputs?": {"*": None}, "counts?": {"*": None}}],
    "counts": {"*": None},
    "files": _TEXTS,
}
"""By key, none of which must be there: a type, a list of one shape, or an object, whose `*` stands for any key and whose other keys must be there but for
those with a question mark. None is any value.
"""


def problem_of(manifest: Any) -> str:
    """What is wrong with a manifest, "" where nothing is."""
    if not isinstance(manifest, dict):
        return "it is no object"
    found = (_problem(manifest[key], shape, key) for key, shape in _SHAPE.items() if key in manifest)
    return next(filter(None, found), "")


def _problem(value: Any, shape: Any, where: str) -> str:
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{where} is no list"
        inside = ((each, shape[0], f"{where}[{number}]") for number, each in enumerate(value))
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{where} is no object"
        missing = next((key for key in shape if key[-1] not in "*?" and key not in value), None)
        if missing is not None:
            return f"{where} has no {missing}"
        shapes = {key.removesuffix("?"): each for key, each in shape.items()}
        inside = ((each, shapes.get(key, shape.get("*")), f"{where}.{key}") for key, each in value.items())
    else:
        return "" if shape is None or isinstance(value, shape) else f"{where} is no text"
    return next(filter(None, (_problem(*each) for each in inside)), "")

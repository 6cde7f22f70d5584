"""The parser by which mlx-lm's server reads calls, taken from mlx-lm itself: what counts is what the runtime reads, not what we would.

Its modules are read as files, since importing the package would load a GPU library for a few regular expressions.
"""

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

from punie_data.dialects.base import Call, Malformed, Parsed, Signatures

Parse = Callable[[str, Signatures], Parsed | Malformed]


@cache
def runtime_parser(name: str) -> Parse | None:
    """The parser of that name in `mlx_lm.tool_parsers`, reading a whole turn as the server does; None where mlx-lm is not installed or has none."""
    module = _module(name)
    if module is None:
        return None

    def parse(text: str, tools: Signatures) -> Parsed | Malformed:
        head, *pieces = text.split(module.tool_call_start)
        calls: list[Call] = []
        content = [head]
        for piece in pieces:
            body, _, behind = piece.partition(module.tool_call_end)
            content.append(behind)
            try:
                found = module.parse_tool_call(body, list(tools))
            except Exception as error:  # whatever it raises, the server has no call
                return Malformed(f"{type(error).__name__}: {error}")
            for call in found if isinstance(found, list) else [found]:
                if not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
                    return Malformed("the parser gives no name and arguments")
                calls.append(Call(str(call.get("name")), call["arguments"]))
        return Parsed("".join(content), tuple(calls))

    return parse


def _module(name: str) -> ModuleType | None:
    found = importlib.util.find_spec("mlx_lm") if name else None
    if found is None or not found.submodule_search_locations:
        return None
    file = Path(found.submodule_search_locations[0]) / "tool_parsers" / f"{name}.py"
    if not file.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"_mlx_lm_tool_parser_{name}", file)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError:
        return None
    return module

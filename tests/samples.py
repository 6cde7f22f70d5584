"""A row as the head of a generator's file shows it. `python tests/samples.py NAME [HOW_MANY]` prints some, ready to be pasted.

user       Where is `Registry` used?
assistant  find_references(symbol="Registry", …)
tool       {"success":true,…}
assistant  In two places …
"""

import json
import sys
import tempfile
from pathlib import Path

from punie_data.chat import Example

INDENT = " " * 11
LONGEST_RESULT = 230


def render(example: Example, longest: int | None = None) -> str:
    """The conversation as text; results longer than `longest` are cut with `…`."""
    lines: list[str] = []
    for message in example.messages:
        if message.tool_calls:
            body = "\n".join(_call(call.name, call.arguments) for call in message.tool_calls)
        else:
            body = message.content
            if message.role == "tool" and longest is not None and len(body) > longest:
                body = body[:longest].rstrip() + "…"
        first, *rest = body.split("\n")
        lines.append(f"{message.role:<11}{first}".rstrip())
        lines += [f"{INDENT}{line}".rstrip() for line in rest]
    return "\n".join(lines)


def _call(name: str, arguments: object) -> str:
    assert hasattr(arguments, "items")
    return f"{name}({', '.join(f'{key}={json.dumps(value, ensure_ascii=False)}' for key, value in arguments.items())})"


def sample_of(docstring: str) -> str:
    """The sample in a generator's docstring: from its first line that starts with `user` on."""
    lines = docstring.split("\n")
    start = next((number for number, line in enumerate(lines) if line.startswith("user ")), len(lines))
    return "\n".join(line.rstrip() for line in lines[start:]).strip()


def agrees(sample: str, rendered: str) -> bool:
    """Whether the row is the sample: equal but for what `…` stands for."""
    position = 0
    parts = sample.split("…")
    if not rendered.startswith(parts[0]):
        return False
    for part in parts:
        found = rendered.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return not parts[-1] or rendered.endswith(parts[-1])


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from punie_data.generators import discover
    from tests.conftest import make_tiny_shop
    from tests.mined import derived_of, opened, scenes_of

    name, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 4
    known = discover()
    with tempfile.TemporaryDirectory() as folder:
        root = make_tiny_shop(Path(folder) / "tiny_shop")
        with opened(root, Path(folder) / "cache", allow_exec=True) as (repo, tools):
            if known[name].derives:
                rows = []
                for generator in known.values():
                    if not generator.derives and not generator.executes:
                        scenes = [scene for scene, _ in scenes_of(generator, repo, tools)[0]]
                        rows += derived_of(known[name], generator, scenes, repo, tools)[0]
                refused = []
            else:
                rows, refused = scenes_of(known[name], repo, tools)
    rows.sort(key=lambda pair: len(render(pair[1])))
    for _, example in rows[:count]:
        print(render(example, LONGEST_RESULT), end="\n\n")
    print(f"{len(rows)} rows, {len(refused)} refused")
    for one in refused[:8]:
        print(f"refused: {one.reason}: {one.detail}: {one.question}")


if __name__ == "__main__":
    main()

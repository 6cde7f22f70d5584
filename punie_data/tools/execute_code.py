"""execute_code: run Python that calls the other tools as functions and prints what it finds (Code Mode).

The code is the assistant's. It runs in pydantic-monty's interpreter, where nothing of the repository is ever run, so this tool needs no
leave of the user's. Its functions are all other tools; the calls go through the same toolbox as any other, so they are cleaned,
remembered, and refused where the tool itself would be.
"""

from collections.abc import Callable
from typing import Any

from punie_data.tools.base import Answer, Door, Outcome, Parameter, Tool
from punie_data.tools.workspace import Workspace

LONGEST_OUTPUT = 20_000
CUT = "\n[cut after {count} characters]"


def run(workspace: Workspace, code: str, door: Door) -> Answer:
    """`Outcome.inner` of the call names every tool call that happened in the code, also those whose result it never printed.

    ToolUnavailable when one of the tools cannot run here, whatever the code makes of it.
    """
    inner: list[Outcome] = []
    fatal: list[BaseException] = []

    def function(tool: Tool) -> Callable[..., Any]:
        def call_tool(*positional: Any, **named: Any) -> Any:
            arguments = _by_name(tool, positional, named)
            tool.bind(arguments)
            try:
                outcome = door.call(tool.name, **arguments)
            except BaseException as error:
                # The code could catch it, and a run without the tool would pass for a real one: it is raised again below.
                fatal.append(error)
                raise RuntimeError(f"{tool.name} is not available") from None
            inner.append(outcome)
            return outcome.value

        return call_tool

    functions = {tool.name: function(tool) for tool in door.tools.values() if not tool.calls_tools}
    ran = workspace.interpreter.run(code, functions)
    if fatal:
        raise fatal[0]
    printed = ran.printed
    cut = len(printed) > LONGEST_OUTPUT
    if cut:
        printed = printed[:LONGEST_OUTPUT] + CUT.format(count=LONGEST_OUTPUT)
    if ran.error:
        place = f" (line {ran.line})" if ran.line else ""
        before = f"\nPrinted before the error:\n{printed}" if printed else ""
        printed = f"Error: {ran.error}{place}{before}"
    return Answer(printed, truncated=cut, failed=bool(ran.error), inner=tuple(inner))


def _by_name(tool: Tool, positional: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments as a Python call binds them. TypeError, in Python's words, for one too many or one given twice."""
    if len(positional) > len(tool.parameters):
        raise TypeError(
            f"{tool.name}() takes {len(tool.parameters)} positional arguments but {len(positional)} were given"
        )
    arguments = dict(zip((parameter.name for parameter in tool.parameters), positional, strict=False))
    twice = next((name for name in named if name in arguments), None)
    if twice is not None:
        raise TypeError(f"{tool.name}() got multiple values for argument {twice!r}")
    return arguments | named


TOOL = Tool(
    name="execute_code",
    description="Run Python code in which every other tool is a function that returns its typed result; "
    "what the code prints comes back.",
    parameters=(Parameter("code", "string", "The Python code. Print what you want to see"),),
    result=None,
    run=run,
    program="pydantic-monty",
    calls_tools=True,
)

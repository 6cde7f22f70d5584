"""run_command: run a program, in the sandbox, on a copy of the project.

The answer is a line with the exit status, then what the program printed, both streams as they came. Durations and addresses in it are
made equal (see `normalise.steady`), since they differ from run to run.
"""

from punie_data.tools.base import Answer, Parameter, Tool
from punie_data.tools.installed import installed
from punie_data.tools.normalise import steady
from punie_data.tools.sandbox import run_sandboxed
from punie_data.tools.workspace import Workspace

LONGEST_OUTPUT = 20_000


def run(workspace: Workspace, command: str, args: list[str], cwd: str) -> Answer | str:
    if not command or any("\0" in word for word in (command, *args)):
        return "Error: not a command"
    folder = workspace.inside(cwd)
    below = workspace.below(cwd)
    if folder is None or below is None or below == [folder]:
        return f"Error: no such folder: {cwd}"
    with installed(workspace) as project:
        done = run_sandboxed(
            [command, *args], workspace.root, project.variables, folder=folder, read_only=project.read_only
        )
    text = steady(done.output.decode("utf-8", "replace"), workspace.virtual_environment).rstrip()
    cut = done.cut or len(text) > LONGEST_OUTPUT
    if cut:
        text = f"{text[:LONGEST_OUTPUT]}\n[cut after {LONGEST_OUTPUT} characters]"
    return Answer(f"exit status {done.exit}\n{text}".rstrip("\n"), truncated=cut, failed=False)


TOOL = Tool(
    name="run_command",
    description="Run a program in the project folder and return its exit status and what it printed.",
    parameters=(
        Parameter("command", "string", "The program to run"),
        Parameter("args", "array", "Its arguments", default=()),
        Parameter("cwd", "string", "Folder to run it in, relative to the project root", default="."),
    ),
    result=None,
    run=run,
    program="bwrap",
    executes_code=True,
)

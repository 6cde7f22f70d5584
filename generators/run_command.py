"""What does this command print?

user       pytest --collect-only on tests/test_cart.py: what does it find?
assistant  run_command(command="python", args=["-m", "pytest", "--collect-only", "-q", "tests/test_cart.py"])
tool       exit status 0
           tests/test_cart.py::test_adding_twice_makes_one_line
           tests/test_cart.py::test_removing_takes_all_pieces
           tests/test_cart.py::test_a_quant…
assistant  Four tests:

           - `tests/test_cart.py::test_adding_twice_makes_one_line`
           - `tests/test_cart.py::test_removing_takes_all_pieces`
           - `tests/test_cart.py::test_a_quantity_below_one_is_refused[0]`
           - `tests/test_cart.py::test_a_quantity_below_one_is_refused[-1]`
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import files, in_turns
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

EXECUTES = True
LINES = (
    "How many lines does {path} have?",
    "wc -l {path}",
    "Count the lines of {path}, please.",
)
COLLECT = (
    "Which tests would pytest collect from {path}? Don't run them.",
    "List the tests of {path} without running any.",
    "pytest --collect-only on {path}: what does it find?",
)
COMPILE = (
    "Does everything under {path} at least compile?",
    "Byte-compile {path} and tell me whether there are syntax errors.",
    "Is there a syntax error anywhere under {path}? Let Python itself check.",
)
IMPORT = (
    "Can `{module}` be imported in our environment?",
    "Try `import {module}`. Does it work?",
    "Smoke test: import `{module}` and tell me what happens.",
)
VERSION = (
    "Which version does `{module}` say it is when imported?",
    "Print `{module}.__version__`.",
    "What's `{module}.__version__` at run time?",
)
LISTING = (
    "What's directly in {path}? No subfolders' contents.",
    "ls {path}",
    "Show me the entries of the folder {path}.",
)
PACKAGES = (
    "Which packages are installed in the environment, and in which versions?",
    "pip list, please.",
    "What does our virtual environment contain?",
)
SCRIPT = (
    "Run {path} and show me what it prints.",
    "What's the output of {path}?",
    "Execute the script {path}, please.",
)
MISSING = (
    "Run `{command}` for me.",
    "What happens with `{command}`?",
    "Execute `{command}` in the project folder.",
)
PROGRAMS = ("tox", "nox", "make lint", "poetry check", "hatch run test", "pre-commit run", "just test")
SERVES = re.compile(
    r"\b(input|serve|serve_forever|run_forever|uvicorn|socket|requests|urlopen|sleep|getpass)\b|\.run\(|\bpdb\b"
)
LONGEST = 2500


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Commands that no other tool stands for, each a few times."""
    yield from in_turns(
        imports(repo, tools, chance),
        collected(repo, tools, chance),
        line_counts(repo, tools, chance),
        scripts(repo, tools, chance),
        compiled(repo, tools, chance),
        entries(repo, tools, chance),
        versions(repo, tools, chance),
        missing(tools, chance),
        packages(tools, chance),
    )


def ran(tools: Toolbox, *command: str) -> tuple[Outcome, bool, str]:
    """The outcome, whether the program ended with 0, and what it printed."""
    outcome = tools.call("run_command", command=command[0], args=list(command[1:]))
    status, _, printed = outcome.value.partition("\n")
    return outcome, status == "exit status 0", printed


def scene(
    question: str,
    outcome: Outcome,
    answer: str,
    category: str,
    paths: Sequence[str] = (),
    counted: Sequence[str] = (),
) -> Scene:
    return tool_scene(question, outcome, sentence(answer), category, paths=paths, counted=[counted])


def last_line(printed: str) -> str:
    return next((line.strip() for line in reversed(printed.split("\n")) if line.strip()), "")


def line_counts(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for facts in files(repo, chance)[:4]:
        outcome, fine, printed = ran(tools, "wc", "-l", facts.path)
        if fine:
            text = f"`{facts.path}` has {printed.split()[0]} lines."
            yield scene(pick(chance, LINES, path=facts.path), outcome, text, "reading", [facts.path])


def collected(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    usable = [
        f.path for f in repo.tests if 1 <= sum(item.name.startswith("test_") for item in f.functions) <= 15
    ]
    for path in chance.sample(usable, min(4, len(usable))):
        outcome, fine, printed = ran(tools, "python", "-m", "pytest", "--collect-only", "-q", path)
        names = [line.strip() for line in printed.split("\n") if line.startswith(f"{path}::")]
        if not fine:
            text = f"none: pytest can't collect the file. {last_line(printed)}"
        elif not names or len(names) > 20:
            continue
        else:
            text = f"{plural(len(names), 'test')}:\n\n" + bullets([f"`{name}`" for name in names])
        if len(outcome.content) <= LONGEST:
            yield scene(pick(chance, COLLECT, path=path), outcome, text, "testing", [path], names)


def compiled(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    folders = sorted({f.path.split("/")[0] for f in repo.python if "/" in f.path})
    for folder in chance.sample(folders, min(3, len(folders))):
        outcome, fine, printed = ran(tools, "python", "-m", "compileall", "-q", folder)
        if len(outcome.content) > LONGEST:
            continue
        question = pick(chance, COMPILE, path=folder)
        yes = (
            "" if question.startswith("Byte") else "yes, " if question.startswith("Does") == fine else "no, "
        )
        text = (
            f"{yes}every Python file under `{folder}` compiles."
            if fine
            else f"{yes}not everything compiles: {last_line(printed)}"
        )
        yield scene(question, outcome, text, "quality", [folder])


def imports(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    modules = [
        f
        for f in repo.sources
        if f.module.isascii() and not f.module.endswith("__main__") and f.functions + f.classes
    ]
    for facts in chance.sample(modules, min(6, len(modules))):
        outcome, fine, printed = ran(tools, "python", "-c", f"import {facts.module}")
        if len(outcome.content) > LONGEST:
            continue
        question = pick(chance, IMPORT, module=facts.module)
        yes = "yes, " if fine else "no, "
        if question.startswith("Smoke"):
            yes = ""
        if fine:
            warned = f" It prints a warning, though: {last_line(printed)}" if printed.strip() else ""
            text = f"{yes}`{facts.module}` imports without an error.{warned}"
        else:
            text = f"{yes}the import fails: {last_line(printed)}."
        yield scene(question, outcome, text, "testing", [facts.path])


def versions(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for facts in repo.sources:
        if (
            facts.path.endswith("/__init__.py")
            and "." not in facts.module
            and any(v.name == "__version__" for v in facts.variables)
        ):
            outcome, fine, printed = ran(
                tools, "python", "-c", f"import {facts.module}; print({facts.module}.__version__)"
            )
            text = f"`{last_line(printed)}`." if fine else f"it can't be told: {last_line(printed)}."
            yield scene(pick(chance, VERSION, module=facts.module), outcome, text, "reading", [facts.path])


def entries(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    folders = sorted({path.rpartition("/")[0] for path in repo.paths} - {""})
    for folder in chance.sample(folders, min(3, len(folders))):
        outcome, fine, printed = ran(tools, "ls", folder)
        names = [f"`{name}`" for name in printed.split("\n") if name.strip()]
        if fine and 1 <= len(names) <= 15:
            text = f"only {names[0]}." if len(names) == 1 else f"{listing(names)}."
            yield scene(pick(chance, LISTING, path=folder), outcome, text, "search", [folder])


def scripts(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Small scripts that print something and wait for nothing."""
    usable = [
        f.path for f in repo.python
        if f.path.split("/")[0] in ("examples", "example", "scripts", "demo", "docs") and f.line_count <= 150 and not f.is_test
        and "print(" in (text := repo.text(f.path)) and not SERVES.search(text)
    ]  # fmt: skip
    for path in chance.sample(usable, min(3, len(usable))):
        outcome, fine, printed = ran(tools, "python", path)
        if len(outcome.content) > LONGEST or "```" in printed:
            continue
        if not fine:
            text = f"it fails: {last_line(printed)}."
        elif not printed.strip():
            text = f"`{path}` runs and prints nothing."
        else:
            text = f"it prints:\n\n```\n{printed}\n```"
        yield scene(pick(chance, SCRIPT, path=path), outcome, text, "testing", [path])


def missing(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Programs that aren't there."""
    for command in chance.sample(PROGRAMS, 2):
        outcome, fine, printed = ran(tools, *command.split())
        if not fine and len(printed) < 400:
            status = outcome.value.partition("\n")[0]
            said = last_line(printed).rstrip(".")
            text = (
                f"it isn't installed: {said} ({status})."
                if "not found" in said
                else f"it fails with {status}: {said}."
            )
            yield scene(pick(chance, MISSING, command=command), outcome, text, "testing")


def packages(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    outcome, fine, printed = ran(tools, "python", "-m", "pip", "list", "--format=freeze")
    rows = [line.strip() for line in printed.split("\n") if "==" in line]
    if fine and 1 <= len(rows) <= 40:
        text = f"{plural(len(rows), 'package')}:\n\n" + bullets([f"`{row}`" for row in rows])
        yield scene(pick(chance, PACKAGES), outcome, text, "reading", counted=rows)

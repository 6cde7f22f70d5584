"""Ask a system the suite, and what it does behind a first result: a model of ours in process, an endpoint, or an agent behind a command line."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from punie_data.dataset import digest
from punie_data.errors import UserError
from punie_data.evaluate.agent import Commanded, CommandLine
from punie_data.evaluate.endpoint import Endpoint
from punie_data.evaluate.requests import NoAnswer, Server
from punie_data.evaluate.run import evaluate, evaluate_system
from punie_data.evaluate.sites import Sites
from punie_data.train_and_eval.artefacts import Artefacts
from punie_data.train_and_eval.kept import Progress, Steps
from punie_data.train_and_eval.system import System
from punie_data.train_and_eval.wanted import Evaluate, Wanted

Questions = tuple[Path, Path]
"""The suite, and the queries behind a first result."""
Open = Callable[[Path, int], AbstractContextManager[Sites]]
"""(a suite, how many of its queries) → the repositories that it asks about, with their tools."""


def ask(
    system: System,
    artefacts: Artefacts,
    wanted: Wanted,
    questions: Questions,
    prompt: str,
    out: Path,
    steps: Steps,
    progress: Progress,
) -> Questions:
    """The folders of what `evaluate` wrote of each file. What was answered before a kill is not asked again."""
    dialect = dialect_of(wanted)
    asked = wanted.evaluate
    inputs = {
        "system": system.key, "adapter": system.adapter is not None, "suite": digest(questions[0]), "dialect": dialect, "system_prompt": prompt,
        "most_tokens": asked.most_tokens,
    }  # fmt: skip
    folder = out / "results" / system.name
    places = folder / "suite", folder / "afterwards"

    def do() -> Mapping[str, Any]:
        with artefacts.in_full_width(system) as model:
            for place, file in zip(places, questions, strict=True):
                if file.stat().st_size:
                    evaluate(file, model, system.adapter, dialect, prompt, place, progress.stage, progress.advance, most=asked.most_tokens, batch=asked.batch_size)  # fmt: skip
        return {}

    steps.take(f"evaluate-{system.name}", inputs, folder, do, goes_on=True)
    return places


def ask_others(
    system: System,
    wanted: Wanted,
    suite: Path,
    prompt: str,
    open_sites: Open,
    out: Path,
    steps: Steps,
    progress: Progress,
) -> Questions:
    """The same of a system that isn't ours: only the suite is asked. UserError, with what to install, where it isn't there."""
    asked = wanted.evaluate
    folder = out / "results" / system.name
    told = {"command": asked.command, "endpoint": asked.endpoint, "model": asked.model, "suite": digest(suite), "system_prompt": prompt, "most_tokens": asked.most_tokens}  # fmt: skip

    def do() -> Mapping[str, Any]:
        if asked.command:
            agent = CommandLine(asked.command)
            with open_sites(suite, asked.queries) as sites:
                evaluate_system(
                    suite, agent, folder / "suite", progress.stage, progress.advance, mode=Commanded(sites)
                )
        else:
            served = Endpoint(Server(asked.endpoint.rstrip("/"), "", 120.0), asked.model or None, asked.dialect or "native", prompt, asked.most_tokens, 1)  # fmt: skip
            evaluate_system(suite, served, folder / "suite", progress.stage, progress.advance)
        return {}

    steps.take(f"evaluate-{system.name}", told, folder, do, goes_on=True)
    return folder / "suite", folder / "afterwards"


def must_be_there(asked: Evaluate) -> None:
    """UserError, with what to install, where the command or the endpoint is absent."""
    how = f": {asked.install}" if asked.install else ""
    if asked.command:
        program = asked.command.split()[0]
        if shutil.which(program) is None:
            raise UserError(f"{program} is not installed{how}")
    elif asked.endpoint:
        try:
            Server(asked.endpoint.rstrip("/"), "", 5.0).ask("GET", "/models")
        except (NoAnswer, UserError) as error:
            raise UserError(f"{asked.endpoint} does not answer{how} ({error})") from None


def dialect_of(wanted: Wanted) -> str:
    """In which the queries are put: the training's, where the recipe names no other."""
    return wanted.evaluate.dialect or (wanted.train.dialect if wanted.train else "native")

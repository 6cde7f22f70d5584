"""The generators: discovered, never imported by name.

In a checkout the shipped ones live in the top-level `generators/` folder, in a wheel beside this file. A generator is one file: its stem is
its name, its docstring's first line its help, and it has either

    generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]
    derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]

The second kind makes scenes out of those that another generator had accepted. Other people's generators come in by the same door: a folder
given to `discover`, or an entry point in the group `punie_data.generators` that names a module.
"""

import hashlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from punie_data.errors import UserError

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1] / "generators"
if (CHECKOUT / "definition.py").is_file():
    __path__.append(str(CHECKOUT))


HEAD = re.compile(rb'r?"""(?=\S)((?:(?!""")[^\n\\])+)\n')


@dataclass(frozen=True, slots=True)
class Generator:
    """`file` can be loaded in any process; `digest` changes with its text; `derives` tells the two kinds apart."""

    name: str
    help: str
    file: str
    digest: str
    derives: bool
    executes: bool
    """Whether it runs the repository's own code, and so is left out without --allow-exec (module constant EXECUTES)."""


def shipped_folder() -> Path:
    return CHECKOUT if str(CHECKOUT) in __path__ else HERE


def discover(folders: Iterable[Path] = ()) -> dict[str, Generator]:
    """Every generator by name, sorted. A later folder's generator replaces one of the same name. UserError for a file that is none."""
    files = [file for folder in (shipped_folder(), *folders) for file in sorted(folder.glob("*.py"))]
    for entry in importlib.metadata.entry_points(group="punie_data.generators"):
        spec = importlib.util.find_spec(entry.value)
        if spec is not None and spec.origin:
            files.append(Path(spec.origin))
    found = {}
    for file in files:
        if not file.stem.startswith("_"):
            seen = _glance(file) if file.parent == shipped_folder() else None
            found[file.stem] = seen or _describe(file)
    return dict(sorted(found.items()))


def load(generator: Generator) -> ModuleType:
    """The generator's module, executed once a process."""
    return _module(Path(generator.file), generator.digest)


def _glance(file: Path) -> Generator | None:
    """What `_describe` says of a file that is written as ours are, without running it; None for any other."""
    data = file.read_bytes()
    head = HEAD.match(data)
    derives, generates = b"\ndef derive(" in data, b"\ndef generate(" in data
    if head is None or derives == generates:
        return None
    digest = hashlib.sha256(data).hexdigest()
    return Generator(file.stem, head[1].decode(), str(file), digest, derives, b"\nEXECUTES = True\n" in data)


def _describe(file: Path) -> Generator:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    module = _module(file, digest)
    derives = callable(getattr(module, "derive", None))
    if not derives and not callable(getattr(module, "generate", None)):
        raise UserError(f"{file}: a generator needs a function `generate` or `derive`")
    help_line = (module.__doc__ or "").strip().partition("\n")[0]
    if not help_line:
        raise UserError(f"{file}: a generator needs a docstring; its first line is its help")
    return Generator(
        file.stem, help_line, str(file), digest, derives, bool(getattr(module, "EXECUTES", False))
    )


_LOADED: dict[tuple[str, str], ModuleType] = {}


def _module(file: Path, digest: str) -> ModuleType:
    key = (str(file), digest)
    if key not in _LOADED:
        spec = importlib.util.spec_from_file_location(f"{__name__}.{file.stem}", file)
        if spec is None or spec.loader is None:
            raise UserError(f"{file}: not a Python file")
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise UserError(f"{file}: can't be loaded: {type(error).__name__}: {error}") from error
        _LOADED[key] = module
    return _LOADED[key]

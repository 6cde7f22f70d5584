"""One record of the history, and what is true of the machine it was made on."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from punie_data import __version__, dataset
from punie_data.history.metric import Value
from punie_data.resources import path_of

KINDS = ("train", "fuse", "quantize", "evaluate", "bench", "reported")
MEASURING = ("evaluate", "bench", "reported")
"""The kinds whose metrics say how a system does, and not how it was made."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was done, with what, and what came out.

    - `configuration`: by stage (`model`, `data`, `training`, `fusion`, `quantization`, `evaluation`, `bench`) what was asked for, as JSON values.
    - `metrics`: by the names of `metric.METRICS`.
    - `inputs`, `artefacts`: fingerprints of weights by role, `model` or `adapter`; an artefact is {"path", "weights", "bytes"}.
    - `dataset`: the SHA-256 of its manifest, or of its file where it has none.
    - `started`: ISO 8601 in UTC, "" where nobody knows. `seconds`: of the whole command.
    - `source`: who reports it; "" for what was run here. `identity`: two runs with the same one are one run, told twice; "" for never.
    - `answers`: by the id of a query whether it was answered rightly, so that two systems can be compared query by query.
    """

    kind: str
    name: str
    configuration: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Value] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    artefacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dataset: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    started: str = ""
    seconds: float | None = None
    note: str = ""
    source: str = ""
    identity: str = ""
    answers: Mapping[str, bool] = field(default_factory=dict)
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id} | {key: value for key, value in asdict(self).items() if key != "id"}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def versions() -> dict[str, str]:
    """What is installed of what a figure may depend on; also `tools`, a digest of the tools' signatures."""
    found = {"punie-data": __version__, "python": platform.python_version()}
    for name in ("mlx", "mlx-lm", "transformers"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    found["tools"] = dataset.digest(path_of("schemas", "tools.schema.json"))[:12]
    return found


@cache
def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in GB and system. No name of the machine or of its user."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 0
    found: dict[str, Any] = {"cpu": _processor(), "cores": cores}
    with suppress(ValueError, OSError, AttributeError):
        found["memory_gb"] = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    name = (
        f"macOS {platform.mac_ver()[0]}"
        if sys.platform == "darwin"
        else f"{platform.system()} {platform.release()}"
    )
    return found | {"os": name, "architecture": platform.machine()}


def _processor() -> str:
    try:
        if sys.platform == "darwin":
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, timeout=5).stdout.strip()
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except (OSError, subprocess.SubprocessError):
        pass
    return platform.processor() or platform.machine()

"""The README's commands, run as they stand there: what it promises must work."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from punie_data.cli import COMMANDS
from tests.tiny_tokenizer import MAPPING, SPECIAL, tokenizer_folder

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##)", README, re.DOTALL | re.MULTILINE))
ELSEWHERE = {
    "generate --repo": "mines what isn't here; tests/test_generate.py",
    "generate --corpus": "fetches repositories; tests/test_generate.py",
    "verify": "needs what was mined; tests/test_generate.py",
    "corpus fetch": "fetches repositories; tests/test_corpus_fetch.py",
    "train-and-eval corpora/recipes/phase-5.toml": "trains; tests/test_train_and_eval.py",
    "train-and-eval phase-5-fused-8bit": "trains; tests/test_train_and_eval.py",
    "train ": "trains; tests/test_train.py",
    "mlx.launch": "needs other machines; tests/test_train_world.py, with two processes on one",
    "fuse": "needs an adapter; tests/test_quantize.py",
    "quantize": "needs a model; tests/test_quantize.py",
    "survival": "needs an adapter; tests/test_quantize.py",
    "parity": "serves a model; tests/test_parity.py",
    "evaluate": "asks a model; tests/test_evaluate.py",
    "bench": "runs models; tests/test_bench.py",
    "compare": "needs two evaluations; tests/test_evaluate.py",
    "decide": "needs evaluations; tests/test_decide.py",
    "model get": "fetches a model; tests/test_models.py",
    "suite make": "mines what isn't here; tests/test_suite.py",
    "suite import": "needs a benchmark's files; tests/test_suite_import.py",
    "suite twins": "mines what isn't here; tests/test_suite_twins.py",
    "suite gap": "needs two evaluations; tests/test_suite_twins.py",
    "build phase-5": "would ask for repositories; tests/test_build.py",
}
"""What is not run here, and where it is."""
FINDINGS = {
    "validate": (0, 1),
    "import": (0, 1),
    "scan": (0, 1),
    "split": (0, 1),
    "diff": (0, 1),
    "preflight": (0, 1),
}
"""Commands that may end with 1: what they found, they found. All others end with 0."""


def commands(section: str) -> list[str]:
    """The commands of a section's console blocks, without their comments."""
    blocks = re.findall(r"```console\n(.*?)```", SECTIONS[section], re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [re.sub(r"\s+#.*$", "", line) for line in lines]


def elsewhere(command: str) -> bool:
    return any(command.removeprefix("punie-data ").startswith(start) for start in ELSEWHERE)


RUN = [command for section in SECTIONS for command in commands(section) if not elsewhere(command)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the README takes to be there: the sample, a dataset of one's own, a model, the recipes."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "data/suites", place / "data/suites")
    for name in ("sample", "svcs"):
        shutil.copytree(ROOT / "data/sample", place / "data" / name)
    shutil.copytree(ROOT / "corpora", place / "corpora")
    shutil.copyfile(ROOT / "data/sample/examples.jsonl", place / "my.jsonl")
    _tokenizer(place / "models/qwen")
    (place / "bin").mkdir()
    program = place / "bin/punie-data"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m punie_data "$@"\n')
    program.chmod(0o755)
    return place


def _tokenizer(folder: Path) -> None:
    """A tokenizer with a template that knows tools, and with words: rows of single bytes would be too long for everything."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer_folder(folder, MAPPING)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=2000, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    lines = (ROOT / "data/sample/examples.jsonl").read_text(encoding="utf-8").splitlines()[:60]
    tokenizer.train_from_iterator([*lines, README], trainer)
    tokenizer.save(str(folder / "tokenizer.json"))


def test_every_command_has_a_section_with_a_block() -> None:
    """A command that nobody can find is none."""
    assert set(COMMANDS) <= set(SECTIONS)
    assert [name for name in COMMANDS if not commands(name)] == []
    assert len(RUN) > 30


def test_the_readme_s_commands_run(folder: Path) -> None:
    """One after the other, as a reader would type them: some need what an earlier one wrote."""
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "PUNIE_DATA_CACHE": str(folder / "cache"),
        "PUNIE_DATA_HISTORY": str(folder / "punie-history.sqlite"),
    }
    for command in RUN:
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
        )
        name = command.removeprefix("punie-data ").split()[0]
        told = f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert done.returncode in FINDINGS.get(name, (0,)), told
        assert "Traceback" not in done.stderr, told

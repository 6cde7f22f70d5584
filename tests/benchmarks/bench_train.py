"""Learned tokens a second beside stock `mlx_lm.lora`, and the held-out loss that each reaches. Ratios measured in one run.

    python tests/benchmarks/bench_train.py                        SmolLM2-135M on rows of data/sample, LoRA, one epoch each (some minutes)
    python tests/benchmarks/bench_train.py --rows 48 --dialect hermes

Both train the same model on the same conversations with the same settings and the same BLAS: stock on what `export --for mlx-lm` writes, a row for each turn of
the assistant, its prompt masked. The held-out loss is of both adapters on all turns of the assistant of the same rows, before any difference in what is counted.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parents[2]))

from punie_data import dataset
from punie_data.dialects.template import Template
from punie_data.models.exponentials import use_fast_exponentials
from punie_data.train.data import prepare
from punie_data.train.fast_blas import use_fast_blas
from punie_data.train.loop import mean_loss

ROOT = Path(__file__).parents[2]

SAMPLE = ROOT / "data" / "sample"
SETTINGS = {
    "method": "lora", "layers": 16, "rank": 16, "scale": 10, "learning_rate": 5e-4, "batch_size": 4, "epochs": 1, "evaluate_every": 100_000,
}  # fmt: skip


def chosen(folder: Path, model: Path, dialect: str, rows: int, longest: int) -> None:
    """`rows` of the sample that fit, a quarter of them held out."""
    system_prompt = str(dataset.manifest_of(SAMPLE)["system_prompt"])
    template = Template.load(model)
    every = [orjson.loads(line) for line in (SAMPLE / "examples.jsonl").read_bytes().splitlines()]
    every.sort(key=lambda row: row["id"])
    (folder / "all.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in every))
    lost = {row.row for row in prepare(folder / "all.jsonl", template, dialect, system_prompt, longest).lost}
    (folder / "all.jsonl").unlink()
    fitting = [row for row in every if row["id"] not in lost][:rows]
    for name, part in (("train", fitting[rows // 4 :]), ("valid", fitting[: rows // 4])):
        (folder / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in part))
    (folder / "manifest.json").write_text(json.dumps({"system_prompt": system_prompt}))


def run(data: Path, model: Path, out: Path, dialect: str, longest: int, engine: str) -> tuple[int, float]:
    """(learned tokens, seconds from the start of the program to its end: both sides load, look at valid and save in them)"""
    given = [f"{key}={value}" for key, value in {**SETTINGS, "max_seq_length": longest}.items()]
    command = [sys.executable, "-m", "punie_data", "train", str(data), "--model", str(model), "--out", str(out), "--dialect", dialect,
               "--engine", engine, "--ignore", "memory,epochs", "--json", "--no-history"]  # fmt: skip
    command += [part for pair in given for part in ("--set", pair)]
    began = time.monotonic()
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout)
    return told["trained_tokens"], time.monotonic() - began


def held_out(model: Path, adapter: Path, data: Path, dialect: str) -> float:
    from mlx_lm.utils import load

    rows = prepare(
        data / "valid.jsonl",
        Template.load(model),
        dialect,
        str(dataset.manifest_of(data)["system_prompt"]),
        100_000,
    )
    loaded = load(str(model), adapter_path=str(adapter))
    return mean_loss(loaded[0], rows.sequences, 4)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--dialect", default="hermes-brief")
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--longest", type=int, default=1200)
    given = parser.parse_args()
    use_fast_blas()
    use_fast_exponentials()
    if given.model is None:
        found = subprocess.run([sys.executable, "-m", "punie_data", "model", "get", "smollm2-135m"], check=True,
                               stdout=subprocess.PIPE, text=True, cwd=ROOT)  # fmt: skip
        given.model = Path(found.stdout.strip().splitlines()[-1])
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        chosen(data, given.model, given.dialect, given.rows, given.longest)
        rates, losses = {}, {}
        for engine in ("mlx-lm-cli", "punie-data"):
            out = Path(folder) / engine
            tokens, seconds = run(data, given.model, out, given.dialect, given.longest, engine)
            rates[engine] = tokens / seconds
            losses[engine] = held_out(given.model, out, data, given.dialect)
            print(
                f"{engine}: {tokens:,} learned tokens in {seconds:.0f} s, held-out loss {losses[engine]:.3f}"
            )
    print(f"learned tokens a second: {rates['punie-data'] / rates['mlx-lm-cli']:.1f} x stock mlx_lm.lora")
    print(f"held-out loss: {losses['punie-data']:.3f} against {losses['mlx-lm-cli']:.3f}")


if __name__ == "__main__":
    main()

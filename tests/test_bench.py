"""Benching: real processes with a real mlx-lm; what warms up is in no average, and what an option changes is seen."""

import json
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from punie_data.bench.figures import Answer, Run, faster, figures_of
from punie_data.bench.process import RunFailed, _death, run_worker
from punie_data.bench.run import _kept
from punie_data.bench.system import disk_bytes, parse, with_options
from punie_data.errors import UserError
from tests.test_evaluate import row
from tests.tiny_model import model_folder

ROOT = Path(__file__).parent.parent


def punie_data(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "punie_data", *map(str, arguments)], capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of short queries, a model whose cache can be quantized, and a smaller one."""
    pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
    folder = tmp_path_factory.mktemp("bench")
    rows = [row(f"{number}: is the tree clean?", "Yes.") for number in range(6)]
    (folder / "suite.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    model_folder(folder / "model", hidden=256)
    model_folder(folder / "small", layers=1, seed=9)
    return folder


@pytest.fixture(scope="module")
def benched(place: Path) -> dict:
    """A model; also with its cache in two bits, and with itself drafting; and one that fails."""
    out, model = place / "bench.json", place / "model"
    systems = [f"drafted={model},draft-model={model}", f"small={place / 'small'},kv-bits=2"]
    told = [part for each in systems for part in ("--system", each)]
    told += ["--system", f"model={model}", "--system", f"rounded={model},kv-bits=2"]
    command = ["bench", place / "suite.jsonl", *told, "--queries", 4, "--rounds", 2, "--most-tokens", 12, "--out", out, "--history", place / "history.sqlite"]  # fmt: skip
    done = punie_data(*command)
    # A cache of 16 values a head can't be rounded in groups of 64.
    assert done.returncode == 1, done.stderr
    assert "small failed: " in done.stdout and "Traceback" not in done.stderr
    return orjson.loads(out.read_bytes()) | {"stdout": done.stdout, "command": command}


def test_the_file_is_what_its_schema_says(benched: dict) -> None:
    """Else nobody else could read it; and figures without the machine and the versions are worth nothing."""
    import jsonschema

    data = {key: value for key, value in benched.items() if key not in ("stdout", "command")}
    schema = orjson.loads((ROOT / "schemas/bench.schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)
    assert data["complete"] and {"mlx", "mlx-lm", "python"} <= data["versions"].keys()
    assert data["machine"]["cores"] and data["machine"]["memory_bytes"] > 1e9
    assert str(ROOT) not in json.dumps(data)


def test_every_round_is_in_the_history(place: Path, benched: dict) -> None:
    """Else the owner would keep the tracker by hand; rounds apart tell noise from change."""
    from punie_data.history.ledger import Ledger

    kept = [run for run in Ledger(place / "history.sqlite").runs() if run.name == "model"]
    figures = benched["results"]["model"]["figures"]
    assert [run.metrics["load_seconds"] for run in kept][:2] == figures["load_seconds"]["rounds"]
    assert kept[1].metrics["model_gb"] > 0 and kept[0].inputs["model"]


def test_runs_of_different_systems_alternate(benched: dict) -> None:
    """Else a machine that gets busy would make the last system slow."""
    order = [(run["round"], run["system"]) for run in benched["runs"] if not run["failed"]]
    names = [each["name"] for each in benched["systems"] if each["name"] in benched["results"]]
    assert order == [(0, name) for name in names] + [(1, name) for name in names[::-1]]


def test_warming_up_is_in_no_average_and_prompt_and_generation_are_told_apart(benched: dict) -> None:
    """The owner's own bench had the cold start in its average."""
    figures = benched["results"]["model"]["figures"]
    runs = [run for run in benched["runs"] if run["system"] == "model"]
    steady = [answer["seconds"] for run in runs for answer in run["steady"]]
    assert len(steady) == 8 and all(len(run["warm_up"]) == 1 for run in runs)
    assert figures["seconds"]["value"] == pytest.approx(sum(steady) / 8)
    assert figures["warm_up_seconds"]["rounds"] == [run["warm_up"][0]["seconds"] for run in runs]
    prompt = [answer["prompt_seconds"] for run in runs for answer in run["steady"]]
    assert figures["prompt_seconds"]["value"] == pytest.approx(sum(prompt) / 8)
    assert all(0 < a < b for a, b in zip(prompt, steady, strict=True))
    lengths = next(each for each in benched["systems"] if each["name"] == "model")["prompt_tokens"]
    assert figures["prompt_rate"]["value"] == pytest.approx(2 * sum(lengths) / sum(prompt))
    for name in ("seconds", "p95_seconds", "token_seconds", "load_seconds"):
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"]
    assert figures["memory_bytes"]["value"] > 1e6
    assert next(each for each in benched["systems"] if each["name"] == "model")["disk_bytes"] > 1e6


def test_it_is_seen_what_an_option_changes(benched: dict) -> None:
    """mlx-lm quantizes no cache before its five thousandth token unless told to, so that the option would do nothing; a draft must change no output."""
    pairs = {(pair["first"], pair["second"]): pair for pair in benched["pairs"]}
    rounded = pairs["model", "rounded"]
    assert rounded["same"] < rounded["queries"] == 4 and rounded["differing"]
    drafted = pairs["drafted", "model"]
    assert drafted["same"] == 4 and not drafted["differing"]
    assert benched["results"]["drafted"]["drafted"] > 0 == benched["results"]["model"]["drafted"]
    assert benched["results"]["model"]["same_outputs"] is True
    assert "outputs are the same" in benched["stdout"]


def test_a_bench_that_was_stopped_is_gone_on_from(place: Path, benched: dict) -> None:
    """Else an hour is lost to Ctrl-C. What was measured stays as it was measured, and another plan starts anew."""
    whole = {key: value for key, value in benched.items() if key not in ("stdout", "command")}
    stopped = whole | {
        "complete": False,
        "results": {},
        "pairs": [],
        "failures": {},
        "runs": whole["runs"][:-1],
    }
    out = place / "bench.json"
    out.write_bytes(orjson.dumps(stopped))
    assert punie_data(*benched["command"]).returncode == 1
    again = orjson.loads(out.read_bytes())
    finished = [run for run in whole["runs"] if not run["failed"]]
    measured = [run for run in again["runs"] if not run["failed"]]
    assert again["complete"] and measured[:-1] == finished[:-1] and measured[-1] != finished[-1]
    told = {key: stopped[key] for key in ("suite", "asked", "systems", "machine", "versions")}
    out.write_bytes(orjson.dumps(stopped))
    assert len(_kept(out, told)) == len(finished) - 1
    assert _kept(out, told | {"asked": told["asked"] | {"rounds": 9}}) == []
    out.write_text("my notes")
    refused = punie_data(*benched["command"])
    assert (refused.returncode, out.read_text()) == (
        2,
        "my notes",
    ) and "is not what bench writes" in refused.stderr


def test_a_run_that_hangs_or_dies_is_told_in_a_line(place: Path) -> None:
    """Else one system that can't be run would end the bench of all, or never end."""
    asked = {
        "model": str(place / "model"), "adapter": None, "options": {}, "prompts": [[1, 2, 3]], "warm-up": [],
        "steady": [0], "most_tokens": 4,
    }  # fmt: skip
    with pytest.raises(RunFailed, match=r"took longer than 0\.01 seconds"):
        run_worker(asked, 0.01, lambda: None)
    with pytest.raises(RunFailed, match="No such file or directory"):
        run_worker(asked | {"model": str(place)}, 60, lambda: None)
    assert _death(-9, []) == "was killed: most likely it ran out of memory"
    assert _death(3, ["", "the last words", ""]) == "ended with 3: the last words"


def runs(system: str, seconds: list[list[float]], tokens: int = 5) -> list[Run]:
    return [
        Run(
            system,
            number,
            "",
            steady=tuple(Answer(n, s, s / 2, (1,) * tokens, 0) for n, s in enumerate(each)),
        )
        for number, each in enumerate(seconds)
    ]


def test_a_difference_in_time_is_one_only_beyond_its_noise() -> None:
    """Else the system that ran while the machine was quiet would win."""
    steady = [[1.0, 2.0, 3.0, 4.0], [1.1, 2.1, 2.9, 4.2], [0.9, 2.0, 3.1, 3.9]]
    slower = [[s * 1.5 for s in each] for each in steady]
    noisy = [[s * factor for s in each] for each, factor in zip(steady, (1.3, 0.8, 1.0), strict=True)]
    found = runs("a", steady) + runs("b", slower) + runs("c", noisy)
    weights = dict.fromkeys("abc", "same")
    pairs = {(pair.first, pair.second): pair for pair in faster(found, "abc", weights)}
    assert pairs["a", "b"].faster == "a" and pairs["a", "b"].ratio == pytest.approx(1.5)
    assert pairs["a", "c"].faster is None and pairs["a", "c"].same == 4
    assert faster(found, "ab", {"a": "one", "b": "other"})[0].same is None
    assert faster(found, "abc", weights, 1) == faster(found, "abc", weights, 1)
    one = figures_of("a", runs("a", steady)[:1], [10] * 4)
    assert one and one.figures["seconds"].change is None and one.figures["load_seconds"].low is None
    three = figures_of("a", runs("a", steady), [10] * 4)
    assert three and three.figures["seconds"].change == pytest.approx(9.9 / 10 - 1)
    assert three.figures["token_seconds"].value == pytest.approx(three.figures["prompt_seconds"].value / 4)
    assert figures_of("a", [Run("a", 0, "it broke")], []) is None


def test_a_system_is_read_as_it_is_meant(tmp_path: Path) -> None:
    """Else an adapter or an option would be lost without a word; a folder may have the signs in its own name."""
    for name in ("m", "m+1", "a", "d,kv"):
        (tmp_path / name).mkdir()
    found = parse(f"x={tmp_path}/m+{tmp_path}/a,kv-bits=8,dialect=json-fence")
    assert (found.name, found.model.name, found.adapter and found.adapter.name) == ("x", "m", "a")
    assert (found.options.kv_bits, found.options.quantized_kv_start, found.dialect) == (8, 0, "json-fence")
    assert parse(f"x={tmp_path}/m+1").model.name == "m+1" and parse(f"x={tmp_path}/m+1").adapter is None
    assert parse(f"x={tmp_path}/m+1+{tmp_path}/a").model.name == "m+1"
    assert parse(f"x={tmp_path}/d,kv").model.name == "d,kv"
    (tmp_path / "m/model.safetensors").write_bytes(b"12345")
    (tmp_path / "a/checkpoint").mkdir()
    (tmp_path / "a/checkpoint/state").write_bytes(b"1234567")
    (tmp_path / "a/adapters.safetensors").write_bytes(b"123")
    assert disk_bytes(found) == 8
    twin = with_options(parse(f"x={tmp_path}/m,draft-model={tmp_path}/a"), kv_bits=4)
    assert twin.name == "x kv_bits=4" and twin.options.draft_model == tmp_path / "a"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("models/mine", "name the system"),
        ("x=no/such", "is no folder"),
        ("x={m}+no/such", "is no folder"),
        ("x={m},kv-bits=7", "kv-bits is one of"),
        ("x={m},kv-bits=many", "whole number"),
        ("x={m},kv-bits=8,kv-group-size=48", "kv-group-size is one of"),
        ("x={m},kv-bits=8,max-kv-size=100", "can't quantize a rotating cache"),
        ("x={m},draft-model={m},max-kv-size=100", "ignores max-kv-size"),
    ],
)
def test_an_option_that_mlx_lm_would_ignore_or_break_on_is_refused(
    given: str, said: str, tmp_path: Path
) -> None:
    """mlx-lm drops some silently and dies of others half way."""
    with pytest.raises(UserError, match=said):
        parse(given.replace("{m}", str(tmp_path)))

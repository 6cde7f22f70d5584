"""The history: every run leaves one whole record, whatever else goes on, and nothing that goes wrong with it costs the run."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from punie_data.cli import cli
from punie_data.cli.recording import recorded, tell_history
from punie_data.errors import UserError
from punie_data.history.ledger import APPLICATION, VERSION, Ledger
from punie_data.history.listing import run_of, runs_of
from punie_data.history.metric import METRICS, metric_of, number_of, told, value_of
from punie_data.history.place import history_file
from punie_data.history.reported import results_of, shipped, targets_of
from punie_data.history.run import Run, machine, versions
from tests.tiny_model import model_folder

ROOT = Path(__file__).parent.parent


def punie_data(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "punie_data", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


def some_run(name: str = "mine", **rest: object) -> Run:
    return Run("evaluate", name, {"model": "tiny"}, {"accuracy": {"passed": 3, "total": 4}}, **rest)  # type: ignore[arg-type]


WRITER = """
import sys
from pathlib import Path
from punie_data.history.ledger import Ledger
from punie_data.history.run import Run
ledger = Ledger(Path(sys.argv[1]))
number = 0
while number < int(sys.argv[3]):
    ledger.record(Run("bench", sys.argv[2], {"number": number, "filling": "x" * 20_000}, {"load_seconds": number}))
    number += 1
    print(number, flush=True)
"""


def writer(file: Path, name: str, count: int) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    """Else the tracker forgets."""
    ledger = Ledger(tmp_path / "history.sqlite")
    assert ledger.runs() == []
    assert not ledger.path.exists()  # looking makes nothing
    run = some_run(
        inputs={"model": "a" * 64},
        answers={"q1": True, "q2": False},
        seconds=1.5,
        started="2026-01-02T03:04:05+00:00",
    )
    assert ledger.record(run) == "1"
    [found] = ledger.runs()
    assert found.to_json() == run.to_json() | {"id": "1"}


def test_a_run_that_is_told_twice_is_one_run(tmp_path: Path) -> None:
    """Else starting a finished training once more would count as another training; runs without an identity are always new."""
    ledger = Ledger(tmp_path / "history.sqlite")
    assert [ledger.record(some_run(identity="x")) for _ in range(2)] == ["1", "1"]
    assert [ledger.record(some_run()) for _ in range(2)] == ["2", "3"]


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    """Else two trainings side by side would cost each other's records; both begin where there is no file yet."""
    file = tmp_path / "history.sqlite"
    both = [writer(file, name, 150) for name in ("first", "second")]
    assert [one.wait() for one in both if one.communicate()] == [0, 0]
    runs = Ledger(file).runs()
    for name in ("first", "second"):
        assert [run.configuration["number"] for run in runs if run.name == name] == list(range(150))
    assert [path.name for path in tmp_path.iterdir()] == ["history.sqlite"]


def test_a_writer_that_is_killed_leaves_whole_records(tmp_path: Path) -> None:
    """Else a crash would cost what was recorded before it, or leave half a record. Killed again and again, at whatever moment that is."""
    file = tmp_path / "history.sqlite"
    promised = 0
    for number in range(6):
        running = writer(file, str(number), 10_000)
        assert running.stdout is not None
        running.stdout.readline()
        time.sleep(0.03 * number)
        running.send_signal(signal.SIGKILL)
        told = running.communicate()[0]
        promised += 1 + told.count("\n")
    runs = Ledger(file).runs()
    assert promised <= len(runs) <= promised + 6  # what was said to be there is there
    for number in range(6):
        own = [run.configuration["number"] for run in runs if run.name == str(number)]
        assert own == list(range(len(own)))
    assert Ledger(file).record(some_run()) == str(len(runs) + 1)
    with sqlite3.connect(file) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_half_written_transaction_is_rolled_back(tmp_path: Path) -> None:
    """The moment that chance seldom meets: killed with the pages on disk and the record not yet committed."""
    file = tmp_path / "history.sqlite"
    Ledger(file).record(some_run("before"))
    code = f"""
import os, signal, sqlite3
database = sqlite3.connect({str(file)!r}, isolation_level=None)
database.execute("PRAGMA cache_size=1")
database.execute("BEGIN IMMEDIATE")
for number in range(50):
    database.execute("INSERT INTO run SELECT NULL, kind, 'half', dataset, started, note, source, identity, seconds, configuration, metrics, inputs, artefacts, versions, machine, hex(zeroblob(50000)) FROM run LIMIT 1")
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert file.with_name("history.sqlite-journal").exists()
    assert [run.name for run in Ledger(file).runs()] == ["before"]
    assert not file.with_name("history.sqlite-journal").exists()


def test_a_file_that_is_none_is_told_and_left_alone(tmp_path: Path) -> None:
    """Else a newer history would be damaged by an older punie-data, or another program's file by this one."""
    newer, foreign, garbage = (
        tmp_path / name for name in ("newer.sqlite", "foreign.sqlite", "garbage.sqlite")
    )
    Ledger(newer).record(some_run())
    with sqlite3.connect(newer) as database:
        database.execute(f"PRAGMA user_version={VERSION + 1}")
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE theirs (x)")
    garbage.write_bytes(b"no database " * 1000)
    for file, said in (
        (newer, "newer punie-data"),
        (foreign, "no history"),
        (garbage, "damaged"),
        (tmp_path, "is a folder"),
    ):
        before = file.read_bytes() if file.is_file() else b""
        for use in (lambda ledger: ledger.runs(), lambda ledger: ledger.record(some_run())):
            with pytest.raises(UserError, match=said):
                use(Ledger(file))
        assert not before or file.read_bytes() == before
    (tmp_path / "empty.sqlite").touch()
    assert Ledger(tmp_path / "empty.sqlite").runs() == []
    assert Ledger(tmp_path / "empty.sqlite").record(some_run()) == "1"
    with sqlite3.connect(tmp_path / "empty.sqlite") as database:
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION,)


def test_where_the_history_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a command in a subfolder would begin another history, and one that is switched off would be written."""
    inside = tmp_path / "project" / "deep" / "deeper"
    inside.mkdir(parents=True)
    monkeypatch.delenv("PUNIE_DATA_HISTORY")
    (tmp_path / "project" / ".git").mkdir()
    assert history_file(None, inside) == tmp_path / "project" / "punie-history.sqlite"
    (tmp_path / "project" / "deep" / "pyproject.toml").touch()
    assert history_file(None, inside) == tmp_path / "project" / "deep" / "punie-history.sqlite"
    assert history_file(Path("here.sqlite"), inside) == Path("here.sqlite")
    monkeypatch.setenv("PUNIE_DATA_HISTORY", "there.sqlite")
    assert history_file(None, inside) == Path("there.sqlite")
    monkeypatch.setenv("PUNIE_DATA_HISTORY", "off")
    assert history_file(None, inside) is None


@pytest.mark.parametrize(
    ("key", "given", "number", "text"),
    [
        ("accuracy", "23/25", 0.92, "23 of 25, 92.0 %"),
        ("accuracy", "92 %", 0.92, "92.0 %"),
        ("accuracy/navigation", {"passed": 1, "total": 2, "low": 0.1, "high": 0.9}, 0.5, "1 of 2, 50.0 %"),
        ("steady_seconds", [5.21, 5.76], 5.485, "5.21–5.76 s"),
        ("load_seconds", "6.5..8.1", 7.3, "6.5–8.1 s"),
        ("model_gb", 19.56, 19.56, "19.56 GB"),
        ("steady_seconds", 0.00432, 0.00432, "0.00432 s"),
        ("examples", 1000, 1000, "1,000"),
        ("autonomous", "no", 0, "no"),
    ],
)  # fmt: skip
def test_values_are_read_and_told(key: str, given: object, number: float, text: str) -> None:
    """Else a figure is not what was measured."""
    value = value_of(key, given)
    assert number_of(value) == pytest.approx(number)
    assert told(key, value) == text


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        ("acuracy", 0.9, "did you mean accuracy"),
        ("nothing", 1, "there are accuracy"),
        ("accuracy", "92", "write a share"),
        ("accuracy", "26/25", "is no value"),
        ("accuracy", "0/0", "is no value"),
        ("steady_seconds", "fast", "is no value"),
        ("steady_seconds", "3/4", "is no share"),
        ("steady_seconds", float("nan"), "is no value"),
        ("steady_seconds", -1, "never below 0"),
        ("autonomous", 3, "yes or no"),
        ("load_seconds", True, "a number"),
        ("model_gb/part", 1, "no metric"),
    ],
)
def test_a_value_that_is_none_is_refused(key: str, given: object, said: str) -> None:
    """Else a typing mistake becomes a record."""
    with pytest.raises(UserError, match=said):
        value_of(key, given)


def test_what_comes_with_it_is_complete_and_marked() -> None:
    """Else a first run has nothing to stand beside, or a reported figure could be taken for a measured one."""
    runs = shipped()
    assert [run.name for run in runs][:2] == ["Claude Code", "30B baseline"]
    assert {
        "Phase 0",
        "Phase 1",
        "Phase 4",
        "Phase 5 fused 4-bit",
        "Phase 22",
        "Phase 26.1",
        "Phase 27",
        "Devstral",
    } <= {run.name for run in runs}
    assert all(run.kind == "reported" and run.source and run.id.startswith("r") for run in runs)
    best = next(run for run in runs if run.name == "Phase 26.1")
    assert (best.metrics["accuracy"], best.metrics["model_gb"]) == ({"passed": 23, "total": 25}, 19.56)
    assert all(metric_of(key) for run in runs for key in run.metrics)


def test_results_are_entered_from_a_file_and_by_options(tmp_path: Path) -> None:
    """Else what was measured elsewhere could not stand beside what was measured here."""
    file, history = tmp_path / "results.toml", tmp_path / "history.sqlite"
    file.write_text(
        '[[result]]\nname = "Phase 28"\nsource = "a colleague"\ndate = "2026-02-01"\n[result.metrics]\naccuracy = "24/25"\nload_seconds = [6, 7]\n'
    )
    done = punie_data("history", "enter", file, "--history", history)
    assert (done.returncode, done.stdout) == (0, "1: Phase 28\n"), done.stderr
    given = ("--name", "Phase 29", "--metric", "accuracy=92%", "--set", "quantization.bits=5")
    done = punie_data("history", "--history", history, "enter", *given)
    assert done.stdout == "2: Phase 29\n", done.stderr
    first, second = Ledger(history).runs()
    assert (first.kind, first.source, first.started, first.metrics["load_seconds"]) == (
        "reported",
        "a colleague",
        "2026-02-01",
        {"low": 6, "high": 7},
    )
    assert (second.metrics, second.configuration) == ({"accuracy": 0.92}, {"quantization": {"bits": 5}})
    shown = punie_data("history", "show", "1", "--history", history)
    assert "24 of 25, 96.0 %" in shown.stdout and "reported by: a colleague" in shown.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[[result]]\nname = "x"\n[result.metrics]\nacuracy = 1\n', "result 1, x: no metric 'acuracy'; did you mean accuracy?"),
        ('[[result]]\nname = "x"\nnotes = "y"\n[result.metrics]\naccuracy = 1\n', ":3: result[0].notes: no such key; did you mean note?"),
        ('[[result]]\nname = "x"\n', "metrics is missing"),
        ("[target]\naccuracy = {below = 1}\n", "has no result"),
        ("result = 3", "is not a list of results"),
        ("[[result", "not TOML"),
    ],
)  # fmt: skip
def test_a_file_of_results_that_is_wrong_says_where(content: str, said: str, tmp_path: Path) -> None:
    """Else half of it would be entered, or nobody could mend it; and nothing of it is recorded."""
    (tmp_path / "results.toml").write_text(content)
    done = punie_data("history", "enter", tmp_path / "results.toml", "--history", tmp_path / "history.sqlite")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr
    assert not (tmp_path / "history.sqlite").exists()


def test_targets_are_read(tmp_path: Path) -> None:
    """Else one's own targets would be ignored."""
    file = tmp_path / "targets.toml"
    file.write_text("[target]\nsteady_seconds = {below = 3}\naccuracy = {at_least = 0.9}\n")
    first, second = targets_of(file)
    assert (first.metric, first.is_met(2.9), first.is_met(3.0)) == ("steady_seconds", True, False)
    assert (second.is_met(0.9), second.is_met(0.89)) == (True, False)
    file.write_text("[target]\nsteady = {below = 3}\n")
    with pytest.raises(UserError, match="no metric 'steady'"):
        targets_of(file)
    with pytest.raises(UserError, match="has no result"):
        results_of(file)


def test_the_list_is_filtered(tmp_path: Path) -> None:
    """Else nobody finds a run among hundreds."""
    file = tmp_path / "history.sqlite"
    Ledger(file).record(some_run("mine", started="2026-01-01T10:00:00+00:00"))
    Ledger(file).record(Run("train", "Mine-8bit", started="2026-02-01T10:00:00+00:00"))
    assert [run.id for run in runs_of(file, own=True)] == ["1", "2"]
    assert len(runs_of(file)) == 2 + len(shipped())
    assert [run.id for run in runs_of(file, kinds=("train",))] == ["2"]
    assert [run.id for run in runs_of(file, names=("MINE",))] == ["1", "2"]
    assert [run.id for run in runs_of(file, since="2026-01-15")] == ["2"]
    assert run_of(file, "r1").name == "Claude Code"
    for wrong in (lambda: runs_of(file, since="soon"), lambda: run_of(file, "99")):
        with pytest.raises(UserError):
            wrong()
    done = punie_data("history", "--history", file, "--own", "--json")
    assert [one["name"] for one in json.loads(done.stdout)] == ["mine", "Mine-8bit"]


def test_text_of_others_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    """Else the name of a folder, or a note that somebody sent, could move the cursor or hide a line."""
    file = tmp_path / "history.sqlite"
    bad = "\x1b[2J\u202eevil\r\n[red]x[/red]"
    Ledger(file).record(Run("reported", bad, {bad: bad}, {}, note=bad, source=bad, machine={"cpu": bad}))
    for command in (("history", "--own"), ("history", "show", "1")):
        done = (
            punie_data(*command, "--history", file)
            if "show" in command
            else punie_data("history", "--history", file, "--own")
        )
        assert done.returncode == 0 and "\x1b" not in done.stdout and "\u202e" not in done.stdout, done.stdout
        assert "[red]x[/red]" in done.stdout


def test_what_a_figure_may_depend_on_is_known() -> None:
    """Else nobody could tell when to measure anew; the machine is described and not named."""
    assert {"punie-data", "python", "tools"} <= set(versions())
    assert machine()["cpu"] and machine()["cores"] >= 1
    assert os.uname().nodename not in json.dumps(machine())


def test_every_command_of_the_loop_leaves_a_record(tmp_path: Path) -> None:
    """Train, fuse, quantize and evaluate, for real on a small model: the fingerprints tie what each wrote to what the next one read."""
    pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
    from tests.test_evaluate import write_rows

    data, model, file = tmp_path / "data", model_folder(tmp_path / "base"), tmp_path / "history.sqlite"
    data.mkdir()
    write_rows(data / "train.jsonl", range(6))
    write_rows(data / "test.jsonl", range(6, 8))

    def run(*arguments: object) -> None:
        environment = {
            "PUNIE_DATA_HISTORY": str(file),
            "PUNIE_DATA_BLAS": "1",
        }  # it shall not start this process again
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment, catch_exceptions=False)
        assert done.exit_code == 0 and "history" not in done.stderr, done.output

    train = (
        "train",
        data,
        "--model",
        model,
        "--out",
        tmp_path / "mine",
        "--set",
        "epochs=2",
        "--set",
        "layers=2",
    )
    run(*train)
    run(*train)  # there is nothing left to do, and nothing to record
    run("fuse", model, tmp_path / "mine", "--out", tmp_path / "whole", "--name", "mine, fused")
    run("quantize", tmp_path / "whole", "--bits", 8, "--group-size", 32, "--out", tmp_path / "mine-8bit")
    run(
        "evaluate",
        data / "test.jsonl",
        "--model",
        tmp_path / "mine-8bit",
        "--out",
        tmp_path / "r",
        "--most-tokens",
        8,
        "--json",
    )
    run(
        "evaluate",
        data / "test.jsonl",
        "--model",
        model,
        "--out",
        tmp_path / "b",
        "--most-tokens",
        8,
        "--no-history",
    )
    trained, fused, quantized, evaluated = Ledger(file).runs()
    assert [one.kind for one in (trained, fused, quantized, evaluated)] == [
        "train",
        "fuse",
        "quantize",
        "evaluate",
    ]
    assert [one.name for one in (trained, fused, quantized, evaluated)] == [
        "mine",
        "mine, fused",
        "mine-8bit",
        "mine-8bit",
    ]
    assert trained.artefacts["adapter"]["weights"] == fused.inputs["adapter"]
    assert trained.inputs["model"] == fused.inputs["model"]
    assert fused.artefacts["model"]["weights"] == quantized.inputs["model"]
    assert quantized.artefacts["model"]["weights"] == evaluated.inputs["model"]
    summary = json.loads((tmp_path / "r/summary.json").read_text())
    assert evaluated.inputs["model"] == summary["system"]["weights"]
    assert evaluated.metrics["accuracy"]["total"] == len(evaluated.answers) == summary["strict"]["total"]
    assert trained.configuration["training"]["epochs"] == 2 and trained.metrics["examples"] == 14
    assert trained.metrics["first_loss"] > trained.metrics["last_loss"] > 0
    assert quantized.configuration["quantization"]["bits"] == 8 and quantized.metrics["bits_per_weight"] > 8
    for one in (trained, fused, quantized, evaluated):
        assert one.started and one.seconds and one.versions["mlx-lm"] and one.machine["cpu"]
        assert set(one.metrics) <= {*METRICS, *(key for key in one.metrics if "/" in key)}


@pytest.mark.parametrize("trouble", ["foreign", "folder", "unwritable"])
def test_a_history_that_fails_costs_one_line_and_not_the_run(trouble: str, tmp_path: Path) -> None:
    """Else hours of training would end in an error for want of a note about them."""
    pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
    file = tmp_path / "history.sqlite"
    if trouble == "foreign":
        file.write_text("somebody's notes, which are long enough to be no empty database at all")
    elif trouble == "folder":
        file.mkdir()
    else:
        file = tmp_path / "no" / "such" / "folder" / "history.sqlite"
    model = model_folder(tmp_path / "base")
    done = punie_data(
        "quantize",
        model,
        "--bits",
        8,
        "--group-size",
        32,
        "--out",
        tmp_path / "out",
        PUNIE_DATA_HISTORY=str(file),
    )
    assert done.returncode == 0 and (tmp_path / "out/model.safetensors").is_file(), done.stderr
    warnings = [line for line in done.stderr.splitlines() if "not in the history" in line]
    assert len(warnings) == 1 and str(file) in warnings[0], done.stderr


def test_a_given_name_tells_the_systems_of_one_command_apart(tmp_path: Path) -> None:
    """`--name` of a command about several systems would give all of them one name, and the tracker would take them for one."""

    @click.command()
    @recorded
    def measure() -> None:
        tell_history(lambda: some_run("8bit"), "8bit")
        tell_history(lambda: some_run("alone"))

    file = tmp_path / "history.sqlite"
    for given in ((), ("--name", "Phase 29")):
        assert CliRunner().invoke(measure, ["--history", str(file), *given]).exit_code == 0
    assert [run.name for run in Ledger(file).runs()] == ["8bit", "alone", "Phase 29 8bit", "Phase 29"]

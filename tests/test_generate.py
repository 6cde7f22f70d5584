"""`generate` from outside: the same bytes whatever the jobs, resumed after a kill, honest about what it could not do."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from punie_data.generate.share import fair_shares
from punie_data.generate.store import Store
from tests.conftest import make_tiny_shop

FEW = "definition,search_text,status,ask"
COMMAND = [sys.executable, "-m", "punie_data"]


def generate(cwd: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PUNIE_DATA_CACHE": str(cwd / "cache")}
    done = subprocess.run(
        [*COMMAND, "generate", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def files_of(dataset: Path) -> dict[str, bytes]:
    return {
        name: (dataset / name).read_bytes() for name in ("examples.jsonl", "rejected.jsonl", "manifest.json")
    }


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    make_tiny_shop(tmp_path / "tiny_shop")
    return tmp_path


def test_same_inputs_same_bytes_whatever_the_jobs_the_folder_and_the_cache(
    shop: Path, tmp_path: Path
) -> None:
    """Else a dataset could not be made again, and nobody could check it."""
    generate(shop, "--repo", "tiny_shop", "--out", "one", "--jobs", "1", "--generators", FEW)
    other = tmp_path / "elsewhere" / "deep"
    other.mkdir(parents=True)
    make_tiny_shop(other / "tiny_shop")
    generate(other, "--repo", str(other / "tiny_shop"), "--out", "four", "--jobs", "4", "--generators", FEW)
    assert files_of(shop / "one") == files_of(other / "four")


def test_another_seed_asks_other_questions(shop: Path) -> None:
    """Else --seed would be decoration."""
    generate(shop, "--repo", "tiny_shop", "--out", "a", "--generators", "definition")
    generate(shop, "--repo", "tiny_shop", "--out", "b", "--generators", "definition", "--seed", "1")
    assert files_of(shop / "a")["examples.jsonl"] != files_of(shop / "b")["examples.jsonl"]


def test_a_second_run_makes_nothing_anew(shop: Path) -> None:
    """Else an unchanged repository would cost a full run every time."""
    generate(shop, "--repo", "tiny_shop", "--out", "a", "--generators", FEW)
    again = generate(shop, "--repo", "tiny_shop", "--out", "b", "--generators", FEW)
    assert "3 of 3 parts were unchanged" in again.stdout
    assert files_of(shop / "a") == files_of(shop / "b")


def test_a_changed_file_is_noticed(shop: Path) -> None:
    """Else rows would speak of code that is no longer there."""
    generate(shop, "--repo", "tiny_shop", "--out", "a", "--generators", "definition")
    cart = shop / "tiny_shop/src/tiny_shop/cart.py"
    cart.write_text("# One more line.\n" + cart.read_text())
    generate(shop, "--repo", "tiny_shop", "--out", "b", "--generators", "definition")
    assert files_of(shop / "a")["examples.jsonl"] != files_of(shop / "b")["examples.jsonl"]


@pytest.mark.parametrize("after", [0.3, 0.9, 1.6])
def test_killed_at_any_moment_and_run_again_it_ends_with_the_same_bytes(shop: Path, after: float) -> None:
    """Else an interrupted run leaves a dataset that is neither old nor new."""
    environment = os.environ | {"PUNIE_DATA_CACHE": str(shop / "cache")}
    arguments = ["generate", "--repo", "tiny_shop", "--out", "killed", "--generators", FEW]
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=shop,
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    time.sleep(after)
    process.kill()
    process.wait()
    generate(shop, *arguments[1:])
    environment["PUNIE_DATA_CACHE"] = str(shop / "fresh")
    subprocess.run(
        [*COMMAND, *arguments[:-3], "whole", *arguments[-2:]],
        cwd=shop,
        env=environment,
        check=True,
        capture_output=True,
    )
    assert files_of(shop / "killed") == files_of(shop / "whole")
    leftovers = [path.name for path in (shop / "killed").iterdir() if path.name.endswith(".part")]
    assert not leftovers or leftovers == [name for name in leftovers if name.startswith(".")]


def test_control_c_ends_at_once_with_one_line(shop: Path) -> None:
    """Else people kill it harder, and children stay behind."""
    environment = os.environ | {
        "PUNIE_DATA_CACHE": str(shop / "empty-cache")
    }  # with results in it a run is over before
    process = subprocess.Popen(
        [*COMMAND, "generate", "--repo", "tiny_shop", "--out", "out"],
        cwd=shop, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests in the background ignores it
    )  # fmt: skip
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopped" in said and "Traceback" not in said
    assert not (shop / "out" / "manifest.json").exists()


def test_the_manifest_names_no_path_and_no_time(shop: Path) -> None:
    """Else two machines could not make the same bytes."""
    generate(shop, "--repo", "tiny_shop", "--out", "a", "--generators", FEW)
    text = (shop / "a/manifest.json").read_text()
    assert str(shop) not in text and str(shop) not in (shop / "a/examples.jsonl").read_text()
    assert json.loads(text)["counts"]["examples"] == len((shop / "a/examples.jsonl").read_text().splitlines())


def test_a_repository_without_git_yields_no_git_rows_and_says_so(tmp_path: Path) -> None:
    """Else the ledger hides why a whole family of rows is missing."""
    make_tiny_shop(tmp_path / "tiny_shop")
    subprocess.run(["rm", "-rf", tmp_path / "tiny_shop/.git"], check=True)
    done = generate(tmp_path, "--repo", "tiny_shop", "--out", "a", "--generators", "status,definition")
    assert "status: the project has no git history" in done.stdout
    kinds = json.loads((tmp_path / "a/manifest.json").read_text())["generators"]
    assert kinds["status"]["examples"] == 0 and kinds["definition"]["examples"] > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "what shall be mined?"),
        (["--repo", "nowhere"], "nowhere"),
        (["--repo", "empty"], "no Python files"),
        (["--repo", "tiny_shop", "--generators", "nonsense"], "no generator 'nonsense'"),
        (["--repo", "tiny_shop", "--generators", "tests"], "--allow-exec"),
        (["--repo", "tiny_shop", "--generators", "ask"], "name one of those too"),
        (["--repo", "tiny_shop", "--kinds", "toool"], "no kind 'toool'"),
        (["--repo", "tiny_shop", "--repo", "tiny_shop"], "two repositories are called"),
        (["--repo", "tiny_shop", "--out", "tiny_shop"], "holds other files"),
        (["--repo", "tiny_shop", "--without", "("], "not a regular expression"),
        (["--repo", "tiny_shop", "--without", "x*"], "it matches every row"),
        (["--repo", "tiny_shop", "--without", "x{5000000000}"], "not a regular expression"),
        (["--repo", "tiny_shop", "--out", "/proc/nope"], "/proc/nope"),
    ],
)
def test_bad_arguments_get_one_line_and_exit_2(shop: Path, arguments: list[str], says: str) -> None:
    """Else the user reads a traceback and goes away."""
    (shop / "empty").mkdir()
    done = generate(shop, *arguments, check=False)
    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr


def test_dry_run_writes_nothing(shop: Path) -> None:
    """Else looking would be doing."""
    done = generate(shop, "--repo", "tiny_shop", "--dry-run")
    assert "would write data/tiny_shop" in done.stdout
    assert not (shop / "data").exists()


def test_limit_and_kinds_are_kept(shop: Path) -> None:
    """Else the numbers on the command line would be wishes."""
    generate(
        shop, "--repo", "tiny_shop", "--out", "a", "--limit", "7", "--kinds", "tool", "--generators", FEW
    )
    rows = [json.loads(line) for line in (shop / "a/examples.jsonl").read_text().splitlines()]
    assert len(rows) == 7
    assert {row["label"]["kind"] for row in rows} == {"tool"}


def test_what_is_to_be_left_out_stands_nowhere_and_costs_no_mining(shop: Path) -> None:
    """Else a name that may not leave the house is in the dataset, or in the list of what was rejected for holding it."""
    generate(shop, "--repo", "tiny_shop", "--out", "all", "--generators", FEW)
    done = generate(shop, "--repo", "tiny_shop", "--out", "a", "--generators", FEW, "--without", "C[a]rt")
    assert "3 of 3 parts were unchanged" in done.stdout
    files = files_of(shop / "a")
    before = [json.loads(line) for line in (shop / "all/examples.jsonl").read_text().splitlines()]
    kept = [json.loads(line) for line in files["examples.jsonl"].splitlines()]
    assert kept == [row for row in before if "Cart" not in json.dumps(row)]
    assert 0 < len(kept) < len(before)
    assert b"Cart" not in files["examples.jsonl"] + files["rejected.jsonl"]
    rejected = [json.loads(line) for line in files["rejected.jsonl"].splitlines()]
    ours = [row for row in rejected if row["reason"] == "names what is to be left out"]
    assert len(ours) == len(before) - len(kept) and {row["detail"] for row in ours} == {"expression 1"}
    assert json.loads(files["manifest.json"])["options"]["without"] == ["C[a]rt"]


def test_shares_are_fair_and_never_more_than_there_is() -> None:
    """Else a cap would silence small generators first."""
    assert fair_shares({"a": 100, "b": 3, "c": 50}, 53) == {"a": 25, "b": 3, "c": 25}
    assert fair_shares({"a": 1, "b": 1}, 10) == {"a": 1, "b": 1}
    assert sum(fair_shares({"a": 5, "b": 5, "c": 5}, 7).values()) == 7
    assert fair_shares({}, 5) == {}


def test_a_damaged_store_is_put_aside(tmp_path: Path) -> None:
    """Else a half-written cache would stop every later run."""
    (tmp_path / "work.db").write_bytes(b"this is no database" * 100)
    store = Store(tmp_path)
    store.put([("key", b"value")])
    assert store.get("key") == b"value"
    assert (tmp_path / "work.damaged").exists()


def test_a_hostile_git_configuration_does_not_run(shop: Path) -> None:
    """Else mining somebody's repository would run her programs."""
    trap = shop / "sprung"
    config = shop / "tiny_shop/.git/config"
    config.write_text(
        config.read_text()
        + f'[core]\n\tfsmonitor = "touch {trap}; false"\n\thooksPath = hooks\n'
        + f'[diff]\n\texternal = "touch {trap}"\n[filter "x"]\n\tclean = "touch {trap}; cat"\n'
    )
    (shop / "tiny_shop/.gitattributes").write_text("*.py filter=x\n")
    generate(shop, "--repo", "tiny_shop", "--out", "a", "--generators", "status,diff,log,definition")
    assert not trap.exists()
    assert json.loads((shop / "a/manifest.json").read_text())["generators"]["status"]["examples"] > 0

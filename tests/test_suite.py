"""Suites: mined from repositories that nobody trained on, described beside their file, and refused where that isn't so."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.errors import UserError
from punie_data.evaluate import suite_file
from punie_data.evaluate.unseen import seen_in, unseen
from punie_data.resources import path_of

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "data" / "sample"


def punie_data(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "punie_data", *map(str, arguments)], capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def made(shared_tiny_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of the hand-made shop, with the cache that it was mined with beside it."""
    folder = tmp_path_factory.mktemp("suite")
    done = punie_data("suite", "make", "--repo", shared_tiny_shop, "--queries", 80, "--out", folder / "shop.jsonl", "--cache", folder / "cache")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("80 queries (20 ask, 20 cannot, 20 direct, 20 tool)"), done.stdout
    return folder / "shop.jsonl"


def test_a_made_suite_is_whole_and_its_gold_answers_score_full(made: Path, shared_tiny_shop: Path) -> None:
    """Else nobody could say what was asked about which revision, or a model that does the right thing would be called wrong."""
    assert punie_data("suite", "check", made).stdout.endswith(
        "good; every gold answer scores full in hermes, json-fence, qwen3-xml\n"
    )
    manifest, rows = suite_file.load(made)
    [source] = manifest["sources"]
    assert (source["name"], source["license"]) == ("tiny_shop", "MIT")
    assert source["revision"] == rows[0]["origin"]["revision"]
    assert manifest["system_prompt"] and manifest["suite"]["counts"]["repositories"] == {"tiny_shop": 80}
    again = made.parent / "again" / "shop.jsonl"
    done = punie_data("suite", "make", "--repo", shared_tiny_shop, "--queries", 80, "--out", again, "--cache", made.parent / "cache", "--jobs", 1)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert again.read_bytes() == made.read_bytes()
    assert again.with_name("shop.manifest.json").read_bytes() == made.with_name("shop.manifest.json").read_bytes()  # fmt: skip


def test_the_calls_of_a_suite_are_verified_like_a_dataset_s(made: Path, shared_tiny_shop: Path) -> None:
    """Else the gold answers would have to be believed."""
    done = punie_data("verify", made, "--repo", shared_tiny_shop, "--cache", made.parent / "cache")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "calls in 80 rows gave the same result again" in done.stdout


def _spoiled(made: Path, folder: Path, change: Any) -> Path:
    """A copy of the suite after `change(rows, manifest)`."""
    manifest, rows = suite_file.load(made)
    change(rows, manifest)
    copy = folder / "shop.jsonl"
    copy.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    copy.with_name("shop.manifest.json").write_bytes(orjson.dumps(manifest))
    return copy


def _other_answer(rows: list[dict[str, Any]], manifest: dict[str, Any]) -> None:
    next(row for row in rows if row["label"]["kind"] == "ask")["messages"][-1]["content"] = "It is on line 3."


def _other_name(rows: list[dict[str, Any]], manifest: dict[str, Any]) -> None:
    manifest["suite"]["name"] = "other"


def _no_version(rows: list[dict[str, Any]], manifest: dict[str, Any]) -> None:
    del manifest["suite"]["version"]


def _twice(rows: list[dict[str, Any]], manifest: dict[str, Any]) -> None:
    rows.append(rows[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_other_answer, "the id is not that of the row's content"),
        (_other_answer, "is not the file that the manifest was written for"),
        (_other_name, "the manifest calls it other"),
        (_no_version, "'version' is a required property"),
        (_twice, "asks what line 1 asks"),
    ],
)
def test_a_spoiled_suite_is_told(change: Any, said: str, made: Path, tmp_path: Path) -> None:
    """Else two evaluations by "the same" suite could have asked different things."""
    done = punie_data("suite", "check", _spoiled(made, tmp_path, change))
    assert done.returncode == 1
    assert said in done.stdout


def test_a_gold_answer_that_the_scorer_doesn_t_accept_is_told(made: Path, tmp_path: Path) -> None:
    """Else a query that nobody can get right would count against everybody."""

    def asks_and_answers(rows: list[dict[str, Any]], manifest: dict[str, Any]) -> None:
        from punie_data.chat import example_from_json

        row = next(row for row in rows if row["label"]["kind"] == "direct")
        row["label"]["kind"] = "ask"
        row["id"] = example_from_json(row).id
        manifest["suite"]["counts"] |= suite_file.counts(rows)

    copy = _spoiled(made, tmp_path, asks_and_answers)
    manifest = orjson.loads(copy.with_name("shop.manifest.json").read_bytes())
    from punie_data.dataset import digest

    manifest["files"] = {"shop.jsonl": digest(copy)}
    copy.with_name("shop.manifest.json").write_bytes(orjson.dumps(manifest))
    done = punie_data("suite", "check", copy)
    assert (done.returncode, "the gold answer fails in hermes" in done.stdout) == (1, True), done.stdout


def test_what_was_trained_on_is_refused(made: Path, shared_tiny_shop: Path, tmp_path: Path) -> None:
    """Else a model's memory would pass for its skill. The sample holds nothing of the shop, and is the near miss."""
    manifest, rows = suite_file.load(made)
    assert unseen(rows, manifest["sources"], [seen_in(SAMPLE)], drop=True)[1] < 10
    arguments = ("suite", "make", "--repo", shared_tiny_shop, "--cache", made.parent / "cache", "--out", tmp_path / "new.jsonl", "--unseen-in")  # fmt: skip
    done = punie_data(*arguments, made)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "tiny_shop is not unseen: shop.jsonl has rows of it" in done.stderr
    assert not (tmp_path / "new.jsonl").exists()

    def renamed(folder: str, keep: Any = lambda row: True) -> Any:
        (tmp_path / folder).mkdir()
        copies = [row | {"origin": row["origin"] | {"repo": "fork"}} for row in rows if keep(row)]
        (tmp_path / folder / "train.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in copies))
        digested = manifest | {"sources": [manifest["sources"][0] | {"name": "fork"}]}
        return tmp_path / folder, digested

    fork, digested = renamed("fork")
    with pytest.raises(UserError, match="of the same places"):
        unseen(rows, manifest["sources"], [seen_in(fork)], drop=True)
    (fork / "manifest.json").write_bytes(orjson.dumps({"format": 1, "sources": digested["sources"]}))
    with pytest.raises(UserError, match="has the same files, as fork"):
        unseen(rows, manifest["sources"], [seen_in(fork)], drop=True)
    single, _ = renamed("single", lambda row: row["label"]["kind"] == "ask" and not row["origin"]["symbol"])
    with pytest.raises(UserError, match="--drop leaves them out"):
        unseen(rows, manifest["sources"], [seen_in(single)], drop=False)
    left, dropped = unseen(rows, manifest["sources"], [seen_in(single)], drop=True)
    assert dropped and len(left) + dropped == len(rows)


def test_nobody_trains_on_the_test_part(made: Path, tmp_path: Path) -> None:
    """Else a repository that was kept for test alone could never be asked about."""
    _, rows = suite_file.load(made)
    lines = [orjson.dumps(row) + b"\n" for row in rows]
    (tmp_path / "train.jsonl").write_bytes((SAMPLE / "examples.jsonl").read_bytes())
    (tmp_path / "test.jsonl").write_bytes(b"".join(lines))
    assert "tiny_shop" not in seen_in(tmp_path).repositories
    (tmp_path / "valid.jsonl").write_bytes(b"".join(lines))
    assert "tiny_shop" in seen_in(tmp_path).repositories


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give --repo PATH or --corpus FILE"),
        (("--corpus", "starter", "--only", "nothing-like-it"), "no repository 'nothing-like-it'"),
        (("--only", "svcs"), "name one with --corpus"),
        (("--repo", "no such place"), "neither a folder"),
    ],
)
def test_what_can_t_be_made_is_told_in_a_line(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """Else half a suite would lie there, or a traceback would be all that there is to read."""
    done = punie_data("suite", "make", *arguments, "--out", tmp_path / "x.jsonl")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_suites_are_listed_and_good() -> None:
    """They are what people evaluate with: each has a manifest, and each gold answer scores full."""
    listed = json.loads(punie_data("suite", "list", "--json").stdout)
    assert {Path(one["file"]) for one in listed} == set(path_of("data", "suites").rglob("*.jsonl"))
    assert [problem for one in listed for problem in suite_file.check(Path(one["file"]))] == []

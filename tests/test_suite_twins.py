"""Counterfactual twins: the same queries under other names. Whoever knows the repository by heart, and does not look, is caught."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.errors import UserError
from punie_data.evaluate import suite_file
from punie_data.evaluate.queries import Query, queries
from punie_data.evaluate.score import score
from punie_data.evaluate.twin_gap import pairs, twin_gap
from punie_data.renaming.folder import parse, renamed, resolve
from tests.conftest import TINY_SHOP


def punie_data(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "punie_data", *map(str, arguments)], capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hand-made shop without git: the history of a repository is not renamed."""
    root = tmp_path_factory.mktemp("plain") / "tiny_shop"
    shutil.copytree(TINY_SHOP, root, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    return root


@pytest.fixture(scope="module")
def made(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of the hand-made shop with its twins, and the cache that they were mined with beside them."""
    folder = tmp_path_factory.mktemp("twins")
    done = punie_data("suite", "make", "--repo", shop, "--queries", 120, "--twins", "--out", folder / "shop.jsonl", "--cache", folder / "cache")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "shop.jsonl"


def twins_of(made: Path) -> Path:
    return made.with_name("shop-twins.jsonl")


def test_nearly_every_query_has_a_twin_in_the_same_words(made: Path) -> None:
    """Else the gap would be that between two different sets of questions."""
    manifest, rows = suite_file.load(twins_of(made))
    originals = {row["id"]: row for row in suite_file.load(made)[1]}
    told = manifest["suite"]["twins"]
    assert len(told["pairs"]) >= 0.95 * len(originals)
    assert len(told["pairs"]) + sum(told["unpaired"].values()) == len(originals)
    by_id = {row["id"]: row for row in rows}
    for one, other in told["pairs"].items():
        first, second = originals[one], by_id[other]
        assert first["label"] == second["label"] and first["tools"] == second["tools"]
        assert first["origin"]["generator"] == second["origin"]["generator"]
        assert [len(m.get("tool_calls", ())) for m in first["messages"]] == [len(m.get("tool_calls", ())) for m in second["messages"]]  # fmt: skip
    assert suite_file.check(twins_of(made)) == []


def test_no_old_name_is_left_in_a_twin_s_code(made: Path) -> None:
    """Else the old name would be the right answer."""
    text = twins_of(made).read_text()
    names = ("PaymentDeclined", "Catalogue(", "tiny_shop", "tiny-shop", "sample_catalogue", "best_sellers", "OrderService")  # fmt: skip
    assert sum(name in made.read_text() for name in names) >= 4
    assert [name for name in names if name in text] == []


def answered(asked: list[Query], told: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Results, as evaluate writes them, of a system that answers each query with the text that is told for it."""
    found = {}
    for query in asked:
        judged = score(query, told[query.id], "hermes")
        found[query.id] = {"id": query.id, "kind": query.kind, "category": query.category, "repo": query.repo,
                           "unscored": "", "strict": judged.strict, "layers": dict(judged.layers)}  # fmt: skip
    return found


def write_results(folder: Path, rows: dict[str, dict[str, Any]]) -> Path:
    folder.mkdir()
    (folder / "results.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows.values()))
    (folder / "summary.json").write_bytes(orjson.dumps({"suite": {"name": "x", "sha256": ""}, "system": {}}))
    return folder


def test_who_answers_from_memory_is_caught_and_who_looks_is_not(made: Path, tmp_path: Path) -> None:
    """The whole point. The memory is a table of the original's gold answers, which says the old names to whatever is asked in new ones."""
    asked, asked_again = list(queries(made)), list(queries(twins_of(made)))
    back = {other: one for one, other in pairs(suite_file.load(twins_of(made))[0]).items()}
    gold = {query.id: str(suite_file.gold_text(query, "hermes")) for query in (*asked, *asked_again)}
    first = write_results(tmp_path / "first", answered(asked, gold))
    memory = write_results(tmp_path / "memory", answered(asked_again, {other: gold[one] for other, one in back.items()}))  # fmt: skip
    looking = write_results(tmp_path / "looking", answered(asked_again, gold))
    caught = punie_data("suite", "gap", first, memory, "--twins", twins_of(made))
    assert (caught.returncode, "names were learned by heart" in caught.stdout) == (1, True), caught.stdout + caught.stderr  # fmt: skip
    fine = punie_data("suite", "gap", first, looking, "--twins", twins_of(made))
    assert (fine.returncode, "within 3 points" in fine.stdout) == (0, True), fine.stdout
    told = orjson.loads(punie_data("suite", "gap", first, memory, "--twins", twins_of(made), "--json").stdout)
    tool = next(one for one in told if one["group"] == "tool")
    assert tool["points"] > 60


def rows_of(outcomes: list[bool]) -> dict[str, dict[str, Any]]:
    return {str(n): {"kind": "tool", "unscored": "", "strict": right} for n, right in enumerate(outcomes)}


def test_the_gap_s_interval_is_newcombe_s() -> None:
    """His paper's example: 43 of 50 and 39 of 50 with 36, 7, 3 and 4 give 0.08 from -0.0386 to 0.1956 (method 10, with the continuity correction)."""
    first = rows_of([True] * 36 + [True] * 12 + [False] * 2)
    second = rows_of([True] * 36 + [False] * 12 + [True] * 2)
    gap = twin_gap(first, second, {str(n): str(n) for n in range(50)})[0]
    assert (gap.only_original, gap.only_twin) == (12, 2)
    assert gap.points == pytest.approx(20.0)
    assert (gap.low, gap.high) == (pytest.approx(5.69, abs=0.01), pytest.approx(34.04, abs=0.01))
    same = twin_gap(first, first, {str(n): str(n) for n in range(50)})[0]
    assert (same.points, same.p) == (0.0, 1.0)
    assert same.low < 0 < same.high and "within 3 points" in same.verdict()


def test_a_difference_that_chance_can_make_is_called_so() -> None:
    """Else two unlucky queries of forty would be memory."""
    first, second = rows_of([True] * 40), rows_of([True] * 38 + [False] * 2)
    gap = twin_gap(first, second, {str(n): str(n) for n in range(40)})[0]
    assert "may be chance" in gap.verdict()
    with pytest.raises(UserError, match="share no pair"):
        twin_gap(first, second, {"a": "b"})
    unscored = {"0": first["0"] | {"unscored": "too long"}, "1": first["1"]}
    assert twin_gap(unscored, second, {"0": "0", "1": "1"})[0].original.total == 1


def test_twins_are_made_anew_by_verify(made: Path, shop: Path) -> None:
    """Else their gold answers would have to be believed: the manifest says what was renamed, with which seed."""
    cache = made.parent / "another cache"
    done = punie_data("verify", twins_of(made), "--repo", shop, "--cache", cache)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gave the same result again" in done.stdout
    lost = punie_data("verify", twins_of(made), "--cache", cache)
    assert (lost.returncode, lost.stderr) == (2, "punie-data: tiny_shop was a local folder; say where it is with --repo\n")  # fmt: skip


def test_a_renamed_repository_is_the_same_everywhere(shop: Path, tmp_path: Path) -> None:
    """Same files and seed, same bytes; another seed or a name that is kept, other bytes."""

    def content(spec: str, cache: str) -> dict[str, bytes]:
        root = resolve(spec, tmp_path / cache, print).root
        return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}  # fmt: skip

    once = content(f"renamed:3:{shop}", "one")
    assert once == content(f"renamed:3:{shop}", "two")
    assert once != content(f"renamed:4:{shop}", "one")
    kept = content(f"renamed:3,Catalogue:{shop}", "one")
    assert b"class Catalogue:" in b"".join(kept.values()) and b"class Catalogue:" not in b"".join(
        once.values()
    )
    assert parse("renamed:-1,a_b,C:git+https://x/y@z") == (-1, ("a_b", "C"), "git+https://x/y@z")
    assert parse("renamed:x:y") is None


def test_what_is_renamed_still_runs(shop: Path, tmp_path: Path) -> None:
    """The program is the same under its new names: its tests pass, fail and are skipped as before (one of the shop's is meant to fail)."""
    from punie_data.corpus import resolve as found

    def outcome(root: Path) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "."]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        return done.stdout.splitlines()[0]

    one = renamed(found(str(shop), tmp_path, print), 0, tmp_path)
    before = outcome(shop)
    assert outcome(one.source.root) == before
    assert "F" in before and before.count(".") > 15


def test_a_suite_without_a_renamable_repository_is_told(made: Path, tmp_path: Path) -> None:
    """One clear line, and no half of a suite."""
    plain = punie_data("suite", "twins", Path(__file__).parent.parent / "data/sample/examples.jsonl", "--out", tmp_path / "x.jsonl")  # fmt: skip
    assert (plain.returncode, plain.stderr.count("\n")) == (2, 1), plain.stderr
    assert punie_data("suite", "gap", made.parent, made.parent, "--twins", made).returncode == 2
    assert list(tmp_path.iterdir()) == []

"""`build`: from a recipe to a dataset whose rows are all accounted for, the same bytes every time, whole or not there."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

import punie_data.build as building
from punie_data.balance.mix import DEFAULT
from punie_data.balance.plan import judge
from punie_data.build import Built, Means, build, load_recipe
from punie_data.build.stages import MixNotMet
from punie_data.cli import cli
from punie_data.cli.progress import PlainProgress
from punie_data.errors import UserError
from punie_data.split import find_leaks

SAMPLE = Path(__file__).parent.parent / "data" / "sample"


def recipe(
    folder: Path, text: str = "", source: str = f'file = "{SAMPLE}"', name: str = "recipe.toml"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    head = text if text.startswith(("system_prompt", "seed", "skip", "name")) else ""
    file.write_text(f"{head}\n[[source]]\n{source}\n{'' if head else text}\n")
    return file


def made(file: Path, out: Path, jobs: int = 1) -> Built:
    return build(load_recipe(str(file)), out, Means(out.parent / "cache", jobs, PlainProgress(quiet=True)))


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(cli, ["build", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit | UserError):
        raise done.exception
    return done


def read(file: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in sorted(folder.iterdir()) if one.is_file()}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [row for name in ("train", "valid", "test", "examples") if (folder / f"{name}.jsonl").exists() for row in read(folder / f"{name}.jsonl")]  # fmt: skip


def openai(
    question: str, answer: str, system: str = "", tool: dict[str, Any] | None = None
) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": question})
    if tool:
        function = {"name": tool["function"]["name"], "arguments": '{"place": "Rome"}'}
        messages.append({"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function", "function": function}]})  # fmt: skip
        messages.append({"role": "tool", "tool_call_id": "a", "content": "12 degrees"})
    messages.append({"role": "assistant", "content": answer})
    return {"messages": messages} | ({"tools": [tool]} if tool else {})


def lines(file: Path, *found: Any) -> Path:
    file.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in found))
    return file


def stop(*arguments: Any, **settings: Any) -> None:
    raise KeyboardInterrupt


def test_the_sample_is_built_with_every_row_accounted_for(tmp_path: Path) -> None:
    """Else rows vanish between two steps, and nobody can say where or why."""
    built = made(recipe(tmp_path), tmp_path / "out")
    out = tmp_path / "out"
    rejected = read(out / "rejected.jsonl")
    before = sorted(row["id"] for row in read(SAMPLE / "examples.jsonl"))
    assert sorted([row["id"] for row in rows(out)] + [one["example"]["id"] for one in rejected]) == before
    assert all(one["stage"] and one["reason"] for one in rejected)
    assert Counter(one["stage"] for one in rejected) == built.rejected
    assert [name for name, _ in built.steps if name != "decontaminate"] == [
        "gather",
        "validate",
        "dedupe",
        "split",
        "balance",
    ]
    manifest = orjson.loads((out / "manifest.json").read_bytes())
    assert [step["command"] for step in manifest["steps"] if step["command"] != "decontaminate"] == ["generate", "import", "gather", "validate", "dedupe", "split", "balance", "build"]  # fmt: skip
    assert manifest["system_prompt"]
    repos = {row["origin"]["repo"] for row in read(SAMPLE / "examples.jsonl")}
    assert repos <= {one["name"] for one in manifest["sources"]}
    assert not (out / ".build").exists() and "## Make it again" in (out / "README.md").read_text()


def test_the_mix_holds_at_the_end_in_every_split_and_nothing_leaks(tmp_path: Path) -> None:
    """Else it is the story of 78 % that had become 91 % by the time of training."""
    direct = [row for row in read(SAMPLE / "examples.jsonl") if row["label"]["kind"] == "direct"]
    doubled = lines(tmp_path / "doubled.jsonl", *read(SAMPLE / "examples.jsonl"), *direct, *direct, *direct)
    made(recipe(tmp_path, source=f'file = "{doubled}"'), tmp_path / "out")
    for name in ("train", "valid", "test"):
        assert not judge(tmp_path / "out" / f"{name}.jsonl", DEFAULT).outside
    assert list(find_leaks(tmp_path / "out")) == []
    ids = [row["id"] for row in rows(tmp_path / "out")]
    assert len(set(ids)) == len(ids)
    reasons = Counter((one["stage"], one["reason"]) for one in read(tmp_path / "out" / "rejected.jsonl"))
    assert reasons["dedupe", "exact duplicate"] == 3 * len(direct)


def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path) -> None:
    """Else a dataset is an accident. How many processes take part and where the folder lies has no say; a seed has."""
    made(recipe(tmp_path), tmp_path / "a" / "set")
    made(recipe(tmp_path), tmp_path / "b" / "set", jobs=2)
    assert contents(tmp_path / "a" / "set") == contents(tmp_path / "b" / "set")
    made(recipe(tmp_path / "c", "seed = 1"), tmp_path / "c" / "set")
    assert rows(tmp_path / "c" / "set") != rows(tmp_path / "a" / "set")


def test_a_build_that_was_stopped_is_none_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else half a dataset is trained on, or hours are spent twice."""
    wanted = made(recipe(tmp_path), tmp_path / "a" / "set") and contents(tmp_path / "a" / "set")
    file, out = recipe(tmp_path), tmp_path / "b" / "set"
    monkeypatch.setattr(building, "balanced", stop)
    with pytest.raises(KeyboardInterrupt):
        made(file, out)
    assert contents(out) == {}
    monkeypatch.undo()
    monkeypatch.setattr(building, "validated", stop)  # done before: it isn't called again
    monkeypatch.setattr(building, "split", stop)
    made(file, out)
    assert contents(out) == wanted


def test_a_build_that_was_killed_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    """Else a power cut makes a dataset of what happened to be there. The build after it makes the same bytes as one that nobody disturbed."""
    file = recipe(tmp_path)
    made(file, tmp_path / "a" / "set")
    out = tmp_path / "b" / "set"
    command = [sys.executable, "-m", "punie_data", "build", str(file), "--out", str(out), "--jobs", "1", "--no-report"]  # fmt: skip
    for seconds in (0.45, 0.7, 0.95):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"PUNIE_DATA_CACHE": str(tmp_path / "cache")})  # fmt: skip
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (out / "manifest.json").exists():
            assert contents(out) == contents(tmp_path / "a" / "set")
    made(file, out)
    assert contents(out) == contents(tmp_path / "a" / "set")


def test_a_step_that_was_half_removed_is_done_again(tmp_path: Path) -> None:
    """A kill while the finished steps are removed leaves some of their files: else the next build ends at a step that looks done and has no rows."""
    out = tmp_path / "out"
    with pytest.raises(MixNotMet):
        made(recipe(tmp_path, "[mix.kind]\ntool = [0.9, 1]\ndirect = [0.3, 1]\n"), out)
    (left,) = (file for file in out.glob(".*/dedupe/examples.jsonl"))
    left.unlink()
    file = recipe(tmp_path)
    made(file, out)
    made(file, tmp_path / "undisturbed")
    assert contents(out) == contents(tmp_path / "undisturbed")


def test_a_mix_that_can_t_be_met_leaves_the_old_dataset_as_it_was(tmp_path: Path) -> None:
    """Else a mistake in a recipe costs the dataset that was there. The conflict is told."""
    out = tmp_path / "out"
    made(recipe(tmp_path), out)
    before = contents(out)
    file = recipe(tmp_path, "[mix.kind]\ntool = [0.9, 1]\ndirect = [0.3, 1]\n")
    with pytest.raises(MixNotMet):
        made(file, out)
    told = run(file, "--out", out)
    assert told.exit_code == 1 and "kind tool ≥ 90 % and kind direct ≥ 30 %" in told.output
    assert contents(out) == before


def test_steps_can_be_left_out(tmp_path: Path) -> None:
    """Else who has split already must split again. A single part is then balanced as it is."""
    built = made(recipe(tmp_path, 'skip = ["split", "dedupe"]'), tmp_path / "out")
    assert [name for name, _ in built.steps if name != "decontaminate"] == ["gather", "validate", "balance"]
    assert list(built.parts) == ["examples"]


def test_foreign_rows_bring_their_prompt_and_their_tools(tmp_path: Path) -> None:
    """Else imported rows call tools that nobody can describe any more."""

    def weather(description: str) -> dict[str, Any]:
        parameters = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
        return {"type": "function", "function": {"name": "weather", "description": description, "parameters": parameters}}  # fmt: skip

    for name in "ab":
        called = [openai(f"How warm is it in Rome, {n} {name}?", "12 degrees.", "", weather(f"of {name}")) for n in range(4)]  # fmt: skip
        direct = [openai(f"What is a degree, {n} {name}?", "A unit of warmth.") for n in range(2)]
        lines(tmp_path / f"{name}.jsonl", *called, *direct)
    file = tmp_path / "recipe.toml"
    file.write_text('skip = ["split", "dedupe", "validate"]\n[[source]]\nfile = "a.jsonl"\nlicense = "MIT"\n[[source]]\nfile = "b.jsonl"\n')  # fmt: skip
    made(file, tmp_path / "out")
    manifest = orjson.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["signatures"]["weather"]["description"] == "of a"
    variant = manifest["signature_variants"][0]
    of_b = {row["id"] for row in rows(tmp_path / "out") if row["origin"]["repo"] == "b" and row["label"]["kind"] == "tool"}  # fmt: skip
    assert variant["signature"]["description"] == "of b" and of_b <= set(variant["rows"].split())
    assert {row["origin"]["license"] for row in rows(tmp_path / "out")} == {"MIT", "unknown"}


def test_what_an_evaluation_asks_is_not_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the evaluation measures memory. When the evaluation changes, the step isn't taken for done."""
    sample = read(SAMPLE / "examples.jsonl")
    file = recipe(tmp_path, 'skip = ["balance"]')
    file.write_text(f'{file.read_text()}[decontaminate]\nagainst = ["evaluation.jsonl"]\nsuites = false\n')
    for row in (sample[0], sample[1]):
        question = row["messages"][0]["content"]
        lines(tmp_path / "evaluation.jsonl", {"question": question})
        monkeypatch.setattr(building, "_publish", stop)
        with pytest.raises(KeyboardInterrupt):
            made(file, tmp_path / "out")
        monkeypatch.undo()
        gone = read(tmp_path / "out" / ".build" / "decontaminate" / "rejected.jsonl")
        assert row["id"] in {one["example"]["id"] for one in gone}
    built = made(file, tmp_path / "out")
    assert built.rejected["decontaminate"] == len(gone)
    assert [name for name, _ in built.steps] == ["gather", "validate", "dedupe", "decontaminate", "split"]


def test_two_system_prompts_need_a_decision(tmp_path: Path) -> None:
    """Else a model is trained with a prompt that it is never served with."""
    lines(tmp_path / "a.jsonl", openai("What is A?", "A letter.", "Be brief."))
    lines(tmp_path / "b.jsonl", openai("What is B?", "Another letter.", "Be kind."))
    text = 'skip = ["balance", "split", "validate"]\n[[source]]\nfile = "a.jsonl"\n[[source]]\nfile = "b.jsonl"\n'
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(UserError, match="different system prompts"):
        made(tmp_path / "recipe.toml", tmp_path / "out")
    (tmp_path / "recipe.toml").write_text(f'system_prompt = "Help."\n{text}')
    made(tmp_path / "recipe.toml", tmp_path / "out")
    assert orjson.loads((tmp_path / "out" / "manifest.json").read_bytes())["system_prompt"] == "Help."


def test_a_row_that_breaks_a_rule_is_rejected_by_it(tmp_path: Path) -> None:
    """Else validate only says it. Near-miss: with the rule ignored the row stays."""
    good = read(SAMPLE / "examples.jsonl")
    bad = orjson.loads(orjson.dumps(good[0]))
    bad["messages"][-1]["content"] = ""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "examples.jsonl").write_bytes((SAMPLE / "examples.jsonl").read_bytes() + orjson.dumps(bad) + b"\nnonsense\n")  # fmt: skip
    made(recipe(tmp_path, source='file = "set"'), tmp_path / "out")
    found = [one for one in read(tmp_path / "out" / "rejected.jsonl") if one["stage"] in ("validate", "import")]  # fmt: skip
    assert {one["stage"] for one in found} == {"validate", "import"}
    assert all(one["reason"].startswith("PD") for one in found if one["stage"] == "validate")


def test_personal_data_and_licences_are_kept_out_where_the_recipe_says_so(tmp_path: Path) -> None:
    """Else the gate is a command that is forgotten."""
    built = made(
        recipe(tmp_path, '[scan]\nlicenses = ["MIT"]\n[split]\nvalid = 0\ntest = 0\n'), tmp_path / "out"
    )
    others = [row for row in read(SAMPLE / "examples.jsonl") if "MIT" not in row["origin"]["license"]]
    assert built.steps[1][0] == "scan" and built.rejected["scan"] >= len(others) > 50
    assert {row["origin"]["license"] for row in rows(tmp_path / "out")} <= {"MIT", "MIT OR Apache-2.0"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "source is missing"),
        ("[[source]]\n", "give one of repo, corpus and file, not none"),
        ('[[source]]\nrepo = "."\nfile = "a"\n', "give one of repo, corpus and file, not repo and file"),
        ('[[source]]\nfile = "a"\nlimit = 3\n', "limit is for repositories"),
        ('[[source]]\nrepo = "."\nlicense = "MIT"\n', "license is for files of rows"),
        ('[[source]]\nrepo = "."\nonly = ["a"]\n', "only chooses from a corpus"),
        ('[[source]]\nfile = "a"\n\n[[source]]\nfle = "b"\n', r"toml:5: source\[1\].fle: no such key; did you mean file"),
        ('[[source]]\nfile = "a"\n[dedup]\n', "toml:3: dedup: no such key; did you mean dedupe"),
        ('[[source]]\nfile = "a"\n[dedupe]\nthreshold = 7\n', "toml:4: dedupe.threshold: 7 is not a similarity"),
        ('[[source]]\nfile = "a"\n[split]\nvalid = 0.5\ntest = 0.5\n', "leave nothing for train"),
        ('[[source]]\nfile = "a"\n[mix.kind]\ntol = [0, 1]\n', "toml:4: mix.kind.tol: no such key; did you mean tool"),
        ('[[source]]\nfile = "a"\n[mix]\nkind.tool = [0.9, 0.1]\n', "the least share, 90 %, is more than"),
        ('skip = ["splt"]\n[[source]]\nfile = "a"\n', r"toml:1: skip\[0\]: 'splt' is not a step that can be left out"),
        ('skip = ["split"]\n[split]\ntest = 0.2\n[[source]]\nfile = "a"\n', "split is both configured and left out"),
        ('name = "../x"\n[[source]]\nfile = "a"\n', "toml:1: name: '../x' is not a name"),
        ("[[source]\n", "not TOML"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_is_one_line_that_says_where(tmp_path: Path, text: str, says: str) -> None:
    """Else a mistyped key is a setting that silently doesn't hold."""
    file = tmp_path / "recipe.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=says) as caught:
        load_recipe(str(file))
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(file))


def test_what_can_t_be_built_is_one_line(tmp_path: Path) -> None:
    """Else a missing file is a traceback, or a folder of photographs is written into."""
    with pytest.raises(UserError, match=r"none\.jsonl: there is no such file"):
        made(recipe(tmp_path, source='file = "none.jsonl"'), tmp_path / "out")
    (tmp_path / "empty.jsonl").write_text("nothing\n")
    with pytest.raises(UserError, match="none of its rows can be read"):
        made(recipe(tmp_path, source='file = "empty.jsonl"'), tmp_path / "out")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("miaow")
    with pytest.raises(UserError, match="holds other files"):
        made(recipe(tmp_path), tmp_path / "photos")
    assert [one.name for one in (tmp_path / "photos").iterdir()] == ["cat.jpg"]
    assert isinstance(run("no-such-recipe").exception, UserError)


def test_a_split_that_stays_empty_is_told(tmp_path: Path) -> None:
    """Else a test split of no rows is inside every mix. Near-miss: a side that nobody asked for may be missing."""
    few = lines(tmp_path / "few.jsonl", *read(SAMPLE / "examples.jsonl")[:6])
    text = 'skip = ["balance"]\n[split]\nvalid = 0\ntest = {}\n[[source]]\nfile = "few.jsonl"\n'
    (tmp_path / "recipe.toml").write_text(text.format("0.01"))
    with pytest.raises(UserError, match=r"nothing for test: .*test = 0"):
        made(tmp_path / "recipe.toml", tmp_path / "out")
    (tmp_path / "recipe.toml").write_text(text.format("0"))
    assert list(made(tmp_path / "recipe.toml", tmp_path / "out").parts) == ["train"]
    assert few.exists()


def test_the_sources_are_never_written_over(tmp_path: Path) -> None:
    """Else the only copy of the rows is gone."""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "examples.jsonl").write_bytes((SAMPLE / "examples.jsonl").read_bytes())
    for source in ("set", "set/examples.jsonl"):
        with pytest.raises(UserError, match="never changed"):
            made(recipe(tmp_path, source=f'file = "{source}"'), folder)
    assert contents(folder) == {"examples.jsonl": (SAMPLE / "examples.jsonl").read_bytes()}


def test_two_states_of_one_repository_are_refused(tmp_path: Path) -> None:
    """Else a row says `svcs`, and nobody knows which. Near-miss: the same state twice is one source."""
    manifest = orjson.loads((SAMPLE / "manifest.json").read_bytes())
    for name, digest in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / name).mkdir()
        manifest["sources"][0]["digest"] = digest
        (tmp_path / name / "manifest.json").write_bytes(orjson.dumps(manifest))
        (tmp_path / name / "examples.jsonl").write_bytes((SAMPLE / "examples.jsonl").read_bytes())
    text = 'skip = ["balance", "split"]\n[[source]]\nfile = "a"\n[[source]]\nfile = "{}"\n'
    (tmp_path / "recipe.toml").write_text(text.format("c"))
    with pytest.raises(UserError, match="two sources hold different states of the repository svcs"):
        made(tmp_path / "recipe.toml", tmp_path / "out")
    (tmp_path / "recipe.toml").write_text(text.format("b"))
    built = made(tmp_path / "recipe.toml", tmp_path / "out")
    (tmp_path / "recipe.toml").write_text(text.partition('[[source]]\nfile = "{}')[0])
    once = made(tmp_path / "recipe.toml", tmp_path / "once").rejected.get("dedupe", 0)
    assert built.rejected["dedupe"] == len(read(SAMPLE / "examples.jsonl")) + once


def test_two_builds_of_one_dataset_don_t_mix(tmp_path: Path) -> None:
    """Else each takes the other's steps for its own."""
    with building._workplace(tmp_path / "out"), pytest.raises(UserError, match="another run is writing"):
        made(recipe(tmp_path), tmp_path / "out")


@pytest.mark.parametrize("name", ["starter", "phase-5", "sample"])
def test_the_recipes_that_come_with_it_are_right(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the first thing that a newcomer tries fails."""
    monkeypatch.chdir(Path(__file__).parent.parent)
    told = run(name, "--dry-run")
    assert told.exit_code == 0 and f"would write data/{load_recipe(name).name}" in told.output


def test_a_repository_is_mined_on_the_way(tmp_path: Path, tiny_shop: Path) -> None:
    """Else a recipe only works on rows that are there. What was mined can be run again from the splits, and what was imported is told."""
    lines(tmp_path / "old.jsonl", *(openai(f"What is the letter {n}?", f"Number {n}.") for n in "ABC"))
    text = f'skip = ["balance"]\n[split]\nvalid = 0\ntest = 0\n[[source]]\nrepo = "{tiny_shop}"\ngenerators = ["definition"]\nquota = 3\n[[source]]\nfile = "old.jsonl"\n'
    (tmp_path / "recipe.toml").write_text(text)
    built = made(tmp_path / "recipe.toml", tmp_path / "out")
    manifest = orjson.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["sources"][0]["name"] == "tiny_shop" and manifest["steps"][0]["command"] == "generate"
    mined = [row for row in read(tmp_path / "out" / "train.jsonl") if row["origin"]["repo"] == "tiny_shop"]
    assert 1 <= len(mined) <= 3 and built.steps[0][1] == len(mined) + 3
    assert orjson.loads((tmp_path / "out" / ".sources.json").read_bytes()) == {"tiny_shop": str(tiny_shop)}
    told = CliRunner().invoke(cli, ["verify", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), "--json"])  # fmt: skip
    verdict = orjson.loads(told.stdout)
    assert told.exit_code == 0 and verdict["rows"] == len(mined) + 3 and verdict["imported"] == 3
    assert verdict["calls"] >= len(mined) and not verdict["differences"]
    mined[0]["messages"][2]["content"] += " "
    lines(tmp_path / "out" / "train.jsonl", mined[0])
    told = CliRunner().invoke(cli, ["verify", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")])
    assert told.exit_code == 1 and f"{tmp_path}/out/train.jsonl:1: " in told.output


def test_the_readmes_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the first thing that somebody types from the README fails."""
    root = Path(__file__).parent.parent
    shutil.copytree(root / "data" / "sample", tmp_path / "data" / "sample")
    shutil.copytree(root / "corpora", tmp_path / "corpora")
    monkeypatch.chdir(tmp_path)
    for command in ("build", "lineage", "balance"):
        block = re.search(
            rf"### {command}\n\n```console\n(.*?)```", (root / "README.md").read_text(), re.DOTALL
        )
        assert block is not None
        for line in re.findall(r"^\$ punie-data (.*?)\s*(?:#.*)?$", block[1], re.MULTILINE):
            done = CliRunner().invoke(cli, line.split())
            assert done.exit_code == 0, f"{line}: {done.output}{done.exception}"

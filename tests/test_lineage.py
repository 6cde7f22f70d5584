"""`lineage`: where a row came from, and how to make a dataset again."""

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from punie_data.build import Means, build, load_recipe
from punie_data.cli import cli
from punie_data.cli.progress import PlainProgress
from punie_data.errors import UserError
from punie_data.lineage import find_row, lineage, passed

SAMPLE = Path(__file__).parent.parent / "data" / "sample"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lineage")
    (folder / "recipe.toml").write_text(f'# mine\n[[source]]\nfile = "{SAMPLE}"\n')
    return make(folder / "recipe.toml", folder / "set")


def make(recipe: Path, out: Path) -> Path:
    build(load_recipe(str(recipe)), out, Means(out.parent / "cache", 1, PlainProgress(quiet=True)))
    return out


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(cli, ["lineage", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit | UserError):
        raise done.exception
    return done


def first(file: Path) -> dict:
    return orjson.loads(file.read_bytes().splitlines()[0])


def test_a_row_tells_its_repository_its_path_and_its_steps(built: Path) -> None:
    """Else an odd row can't be followed to the line of code that it is about."""
    row = first(built / "train.jsonl")
    told = run(built, row["id"])
    assert told.exit_code == 0
    for said in (f"{row['id']} in train.jsonl, line 1", row["origin"]["repo"], row["origin"]["revision"], row["origin"]["paths"][0], row["origin"]["generator"]):  # fmt: skip
        assert said in told.output
    assert "passed     generate, import, gather, validate, dedupe, " in told.output
    assert told.output.endswith("split, balance\n")
    report = orjson.loads(run(built, row["id"][:12], "--json").output)
    assert report["id"] == row["id"] and report["source"]["name"] == row["origin"]["repo"] and report["runs"] == row["runs"]  # fmt: skip


def test_a_file_without_a_manifest_tells_what_its_rows_say(built: Path, tmp_path: Path) -> None:
    """Else a row that was mailed to somebody has no origin."""
    file = tmp_path / "mailed.jsonl"
    file.write_bytes((built / "train.jsonl").read_bytes())
    row = first(file)
    told = run(file, row["id"])
    assert (
        told.exit_code == 0
        and row["origin"]["revision"] in told.output
        and "passed     nothing" in told.output
    )


def test_a_rejected_row_tells_why_and_how_far_it_came(built: Path) -> None:
    """Else "where is my row?" has no answer."""
    lines = [orjson.loads(line) for line in (built / "rejected.jsonl").read_bytes().splitlines()]
    for stage, before in (("split", ("dedupe", "decontaminate")), ("balance", ("split",))):
        gone = next(one for one in lines if one["stage"] == stage)
        place = find_row(built, gone["example"]["id"])
        assert place.part == "rejected" and place.reason == gone["reason"] and place.stage == stage
        assert passed(lineage(built).steps, place)[-1] in before
        assert f"rejected   {stage}: {gone['reason']}" in run(built, gone["example"]["id"]).output


def test_the_recipe_makes_the_same_dataset_again(built: Path, tmp_path: Path) -> None:
    """Else "how to make it again" is a story."""
    told = lineage(built)
    assert told.commands == (
        f"punie-data lineage data/{built.name} --recipe > recipe.toml",
        f"punie-data build recipe.toml --out data/{built.name}",
    )
    (tmp_path / "recipe.toml").write_text(run(built, "--recipe").output)
    again = make(tmp_path / "recipe.toml", tmp_path / built.name)
    for file in built.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes()


def test_what_was_mined_and_worked_on_step_by_step_names_the_commands(tmp_path: Path) -> None:
    """Else only what was built has a lineage."""
    told = lineage(SAMPLE)
    assert len(told.commands) == 1 and told.commands[0].startswith("punie-data generate --repo 'svcs==")
    for command in (["split", SAMPLE, "--out", tmp_path / "a", "--seed", "3"], ["balance", tmp_path / "a", "--tool", "0.5", "--tolerance", "0.5", "--out", tmp_path / "b"]):  # fmt: skip
        assert CliRunner().invoke(cli, list(map(str, command))).exit_code == 0
    commands = lineage(tmp_path / "b").commands
    assert [command.split()[1] for command in commands] == ["generate", "split", "balance"]
    assert "--seed 3" in commands[1] and commands[1].split()[-1] == commands[2].split()[2]
    assert commands[2].endswith("--mix mix.toml --out data/b")


def test_a_file_that_was_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    """Else a lineage vouches for rows that it knows nothing of."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'skip = ["split"]\n[[source]]\nfile = "{SAMPLE}"\n')
    out = make(recipe, tmp_path / "set")
    assert run(out).exit_code == 0
    with (out / "examples.jsonl").open("ab") as file:
        file.write(b"\n")
    told = run(out)
    assert told.exit_code == 1 and "examples.jsonl changed" in told.output


def test_what_isn_t_there_is_one_line(built: Path) -> None:
    """Else a mistyped id looks like a row without an origin."""
    for arguments, says in (
        ((built, "f" * 20), "has no row"),
        ((built, "abc"), "at least the first 6"),
        ((built / "rejected.jsonl",), "has no manifest"),
        ((built.parent / "nowhere",), "no such file"),
        ((built.parent,), "name a file"),
        ((SAMPLE, "--recipe"), "was not built from a recipe"),
    ):
        with pytest.raises(UserError, match=says):
            raise run(*arguments).exception or AssertionError("nothing was said")

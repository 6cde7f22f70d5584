"""The wheel: it carries what the checkout has, and works in an empty folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from punie_data.generators import discover
from tests.conftest import make_tiny_shop

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT],
        check=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_every_generator_schema_and_the_starter_corpus(wheel: Path) -> None:
    """Else an installed punie-data finds nothing to ask."""
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("generators", "schemas"):
        for file in (ROOT / folder).iterdir():
            if file.suffix in (".py", ".json"):
                assert f"punie_data/{folder}/{file.name}" in names
    assert "punie_data/corpora/starter.toml" in names


def test_the_wheel_carries_nothing_of_the_tests_or_the_data(wheel: Path) -> None:
    """Else users download what is ours alone, or our names stand at the top of their site-packages."""
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"punie_data"}


def test_an_installed_wheel_mines_a_repository_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """Else it works on our machine only."""
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel], check=True
    )
    make_tiny_shop(tmp_path / "tiny_shop")
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = os.environ | {"PYTHONPATH": str(site), "PUNIE_DATA_CACHE": str(tmp_path / "cache")}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "punie_data", *arguments]
        done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = run("generators")
    assert all(name in listed for name in discover())
    run("generate", "--repo", "../tiny_shop", "--generators", "definition")
    assert "gave the same result again" in run("verify", "data/tiny_shop")
    run("validate", "data/tiny_shop", "--ignore", "PD915")  # the shop is what the shipped suite asks about
    assert "definition" in run("show", "data/tiny_shop", "--rows", "1")

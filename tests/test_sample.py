"""The committed sample: whole, valid and varied, so that people see true rows before they install anything."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from punie_data.cli import cli
from punie_data.generators import discover

SAMPLE = Path(__file__).parent.parent / "data" / "sample"


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return [json.loads(line) for line in (SAMPLE / "examples.jsonl").read_text().splitlines()]


def test_the_manifest_fits_the_files(rows: list[dict]) -> None:
    """Else the sample was edited by hand, or only half of it was committed."""
    manifest = json.loads((SAMPLE / "manifest.json").read_text())
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((SAMPLE / name).read_bytes()).hexdigest() == digest
    assert manifest["counts"]["examples"] == len(rows)


def test_the_sample_breaks_no_rule() -> None:
    """Else our own example teaches what our own validator refuses."""
    done = CliRunner().invoke(cli, ["validate", str(SAMPLE)])
    assert done.exit_code == 0, done.output


def test_the_sample_is_varied(rows: list[dict]) -> None:
    """Else it shows one corner: nearly every generator, all four kinds, several repositories, no row twice."""
    assert len(rows) >= 200
    assert len({row["id"] for row in rows}) == len(rows)
    wanted = {name for name, generator in discover().items() if not generator.executes}
    assert len(wanted - {row["origin"]["generator"] for row in rows}) <= 2
    assert set(Counter(row["label"]["kind"] for row in rows)) == {"tool", "direct", "ask", "cannot"}
    assert len({row["origin"]["repo"] for row in rows}) >= 6


def test_every_row_has_a_licence_and_a_revision(rows: list[dict]) -> None:
    """Else nobody could say whose text it is."""
    assert all(row["origin"]["license"] not in ("", "unknown") and row["origin"]["revision"] for row in rows)
    assert (SAMPLE / "README.md").is_file()

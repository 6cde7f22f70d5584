"""Parquet and the hub: what is loaded again is what was written, and nothing is published that must not be."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from punie_data.cli.export import export as command
from punie_data.errors import UserError
from punie_data.export import published
from tests.test_export import ROWS, few, read


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def loaded(folder: Path, cache: Path) -> list[dict[str, Any]]:
    """The rows as `datasets` gives them to a trainer; a key that only some rows have is null in the others."""
    import datasets

    rows = datasets.load_dataset(str(folder), cache_dir=str(cache))["train"]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


@pytest.mark.parametrize(
    ("dialect", "target"), [("native", "trl"), ("native", "axolotl"), ("native", "openai"), ("hermes", "trl"), ("native", "sharegpt")]
)  # fmt: skip
def test_parquet_comes_back_as_it_was(dialect: str, target: str, tmp_path: Path) -> None:
    """Arguments of one tool must not be filled up with those of the others."""
    source = few(tmp_path / "source", ROWS[:40])
    assert run(source, "--dialect", dialect, "--for", target, "--out", tmp_path / "rows").exit_code == 0
    told = run(
        source, "--dialect", dialect, "--for", target, "--to", "parquet", "--out", tmp_path / "parquet"
    )
    assert told.exit_code == 0, told.output
    assert loaded(tmp_path / "parquet", tmp_path / "cache") == read(tmp_path / "rows" / "train.jsonl")


def test_shards_a_card_and_the_manifest(tmp_path: Path, monkeypatch) -> None:
    """Memory holds one shard; the card says whose text it is and how it is loaded; a second run leaves nothing of the first."""
    source = few(tmp_path / "source", ROWS[:20], "train")
    few(tmp_path / "source", ROWS[20:26], "valid")
    monkeypatch.setattr(published, "SHARD", 8)  # some shards hold no call at all
    for count in (20, 20):
        assert run(source, "--for", "trl", "--to", "parquet", "--out", tmp_path / "out").exit_code == 0
        shards = sorted(path.name for path in (tmp_path / "out" / "data").iterdir())
        assert shards == [*(f"train-0000{n}-of-00003.parquet" for n in range(3)), "validation-00000-of-00001.parquet"]  # fmt: skip
        assert count == len(loaded(tmp_path / "out", tmp_path / "cache"))
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith("---\nlicense: ") and "path: data/validation-*.parquet" in card
    assert "## Attribution" in card and "svcs" in card
    manifest = orjson.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert set(manifest["files"]) == {*(f"data/{name}" for name in shards), "rejected.jsonl"}
    assert manifest["steps"][-1]["command"] == "export"


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as an upload of small files needs."""

    received: dict[str, bytes]  # set for each test
    made: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/api/repos/create":
            self.made.append(orjson.loads(body))
            self.answer({"url": f"{self.base}/datasets/mia/shop", "id": "mia/shop", "name": "mia/shop"})
        elif "/preupload/" in self.path:
            files = orjson.loads(body)["files"]
            self.answer(
                {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
                    ]
                }
            )
        elif "/commit/" in self.path:
            for line in body.splitlines():
                entry = orjson.loads(line)
                if entry["key"] == "file":
                    self.received[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            self.answer({"commitUrl": f"{self.base}/datasets/mia/shop/commit/1", "commitOid": "1", "success": True})  # fmt: skip
        elif self.path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        else:
            self.answer({}, 404)

    def do_GET(self) -> None:
        self.answer({"id": "mia/shop", "sha": "0" * 40, "siblings": [], "private": True, "tags": [], "downloads": 0, "likes": 0})  # fmt: skip

    do_HEAD = do_GET

    @property
    def base(self) -> str:
        return f"http://{self.headers['Host']}"

    def answer(self, value: Any, status: int = 200) -> None:
        body = orjson.dumps(value)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    """A hub on this machine, which the library takes for the real one."""
    import huggingface_hub
    from huggingface_hub import constants

    Hub.received, Hub.made = {}, []
    server = HTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    real = huggingface_hub.HfApi
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: real(endpoint=address, token="hf_test"))
    yield Hub
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_push_uploads_everything_but_the_rejected_rows(tmp_path: Path, hub: type[Hub]) -> None:
    """Rejected rows were rejected for a reason, which may be that nobody should see them."""
    source = few(tmp_path / "source", ROWS[:10])
    told = run(source, "--for", "trl", "--to", "hub", "--repo-id", "mia/shop", "--out", tmp_path / "out")
    assert told.exit_code == 0, told.output
    assert set(hub.received) == {"README.md", "manifest.json", "data/train-00000-of-00001.parquet"}
    for name, content in hub.received.items():
        assert content == (tmp_path / "out" / name).read_bytes()
    assert "private" in (
        hub.made[0].get("visibility"),
        *(key for key, on in hub.made[0].items() if on is True),
    )
    assert "published at" in told.output


def test_nothing_is_published_over_a_finding(tmp_path: Path, hub: type[Hub]) -> None:
    """The gate is asked before anything is sent, and before anything is written."""
    row = orjson.loads(orjson.dumps(ROWS[1]))
    row["messages"][1]["content"] = (
        "Write to mia.lind@lindqvist-shops.se, the key is ghp_" + "a1B2c3D4e5" * 3 + "aBcDeF"
    )
    source = few(tmp_path / "source", [*ROWS[:5], row])
    told = run(source, "--for", "trl", "--to", "hub", "--repo-id", "mia/shop", "--out", tmp_path / "out")
    assert isinstance(told.exception, UserError) and "not published: train.jsonl:6" in str(told.exception)
    assert hub.received == {} and not (tmp_path / "out").exists()


def test_a_hub_that_says_no_is_one_line(tmp_path: Path, hub: type[Hub], monkeypatch) -> None:
    """The files stay, so that they can be uploaded by hand."""
    monkeypatch.setattr(Hub, "do_POST", lambda self: self.answer({"error": "no"}, 403))
    told = run(few(tmp_path / "source", ROWS[:5]), "--for", "trl", "--to", "hub", "--repo-id", "mia/shop", "--out", tmp_path / "out")  # fmt: skip
    assert isinstance(told.exception, UserError) and "the hub did not take mia/shop" in str(told.exception)
    assert (tmp_path / "out" / "manifest.json").exists()


def test_options_that_belong_together(tmp_path: Path) -> None:
    """A hub without a name, and a name without a hub."""
    for words in (("--to", "hub"), ("--repo-id", "mia/shop")):
        told = run(tmp_path, "--for", "trl", *words, "--out", tmp_path / "out")
        assert isinstance(told.exception, UserError) and "belong together" in str(told.exception)

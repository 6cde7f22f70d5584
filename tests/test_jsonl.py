"""The reader survives any line and the writer leaves a whole file or none."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data import jsonl
from punie_data.errors import UserError


def problems(path: Path, content: bytes) -> list[tuple[int, str]]:
    path.write_bytes(content)
    return [(line.number, line.problem) for line in jsonl.read(path)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


@pytest.mark.parametrize(
    ("content", "where", "words"),
    [
        (b'{"a":1}\n{"a":\n{"a":2}\n', 2, "ends in the middle of a value"),
        (b'{"a":1}\n{"a":1}\n{"a":"b', 3, "the file ends in the middle of a row"),
        (b'{"a":1}\n{"a":NaN}\n{}\n', 2, "NaN"),
        (b'{"a":1}\n{"a":-Infinity}\n{}\n', 2, "Infinity"),
        (b'{"a":1}\n{"a":1e999}\n{}\n', 2, "too large"),
        (b'{"a":1}\n{"a":"\0"}\n{}\n', 2, "NUL"),
        (b'{"a":1}\n{"a":"\xff"}\n{}\n', 2, "not UTF-8"),
        (b'{"a":1}\n{"a":"\\ud800"}\n{}\n', 2, "surrogate"),
        (b'{"a":1}\n' + b"[" * 10_000 + b"]" * 10_000 + b"\n{}\n", 2, "nested"),
        (b'{"a":1}\n{\'a\':1}\n{}\n', 2, "not JSON"),
    ],
    ids=["half a line", "half the last line", "NaN", "infinity", "beyond a double", "NUL", "not UTF-8", "half a pair", "deep", "quotes"],
)  # fmt: skip
def test_a_broken_line_is_told_with_its_number_and_the_rest_is_read(
    file: Path, content: bytes, where: int, words: str
) -> None:
    """A reader that stops at the first bad line of a million makes the user mend them one run at a time."""
    found = problems(file, content)
    assert [number for number, problem in found if problem] == [where]
    assert words in dict(found)[where]
    assert len(found) == 3


@pytest.mark.parametrize(
    "content",
    [b'\xef\xbb\xbf{"a":1}\n', b'{"a":1}\r\n', b'{"a":1}', b'\n  \n{"a":1}\n\r\n'],
    ids=["BOM", "CRLF", "no line end", "blank lines"],
)
def test_what_is_only_unusual_is_read(file: Path, content: bytes) -> None:
    """Files from Windows and from editors are honest files."""
    file.write_bytes(content)
    assert [line.row for line in jsonl.read(file)] == [{"a": 1}]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_named_once(file: Path, encoding: str) -> None:
    """A thousand lines of "not JSON" do not tell the user what to do."""
    found = problems(file, '{"a": 1}\n{"a": 2}\n'.encode(encoding))
    assert len(found) == 1
    assert "save it as UTF-8" in found[0][1]


def test_the_number_of_a_line_counts_blank_ones(file: Path) -> None:
    """An editor jumps to the line of the file, not to the row of the set."""
    assert problems(file, b'\n\n{"a":\n')[0][0] == 3


def test_a_huge_line_is_skipped_without_being_held(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line of a hundred megabytes must cost neither the memory nor the lines behind it."""
    monkeypatch.setattr(jsonl, "LINE_LIMIT", 1000)
    exactly = b'{"a":"' + b"x" * 991 + b'"}\n'
    assert len(exactly) == 1000
    found = problems(file, b'{"a":1}\n' + b"x" * 5_000_000 + b"\n" + exactly + b'{"a":2}\n')
    assert [(number, bool(problem)) for number, problem in found] == [
        (1, False),
        (2, True),
        (3, False),
        (4, False),
    ]
    assert "5000001 bytes" in found[1][1]


def test_a_file_in_parts_gives_each_line_once(file: Path) -> None:
    """A file is checked by several processes: no line may be lost or read twice where the parts meet."""
    rows = [{"n": n, "x": "y" * (n % 13)} for n in range(200)]
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" * (1 + row["n"] % 3) for row in rows))
    for size in (1, 7, 64, 1000, 10_000):
        read: list[Any] = []
        for start in range(0, file.stat().st_size, size):
            with jsonl.opened(file) as handle:
                if start:
                    handle.seek(start - 1)
                    jsonl.skip_line(handle)
                read.extend(line.row for line in jsonl.lines(handle, start + size))
        assert read == rows


def test_what_can_not_be_opened_is_one_line(tmp_path: Path) -> None:
    """A traceback tells the user nothing about her file."""
    with pytest.raises(UserError, match="is a folder"):
        list(jsonl.read(tmp_path))
    with pytest.raises(UserError, match="No such file"):
        list(jsonl.read(tmp_path / "absent.jsonl"))


@pytest.fixture
def nobody() -> Iterator[None]:
    """Root may read everything; for these tests it is somebody else."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    yield
    os.seteuid(mine)


@pytest.fixture
def unreadable(file: Path) -> Path:
    file.write_bytes(b"{}\n")
    file.chmod(0)
    return file


def test_an_unreadable_file_is_one_line(unreadable: Path, nobody: None) -> None:
    """A traceback tells the user nothing about her file."""
    with pytest.raises(UserError, match="Permission denied"):
        list(jsonl.read(unreadable))


@pytest.fixture
def small_files() -> Iterator[None]:
    """A limit on the size of a file says what a full disk says, one error number apart."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_leaves_nothing_and_the_old_file_whole(file: Path) -> None:
    """Half a dataset under its name is trained on; a message about it is read by nobody."""
    file.write_bytes(b'{"old":1}\n')
    with pytest.raises(UserError, match="File too large; nothing is left of it"):
        jsonl.write(file, ({"text": "x" * 1000} for _ in range(1000)))
    assert file.read_bytes() == b'{"old":1}\n'
    assert list(file.parent.iterdir()) == [file]


def test_an_error_of_the_rows_is_not_the_files(file: Path) -> None:
    """A failure of what makes the rows must not be told as one of the disk, and leaves no file either."""

    def rows() -> Iterator[dict[str, Any]]:
        yield {"a": 1}
        raise FileNotFoundError(2, "No such file", "somewhere else")

    with pytest.raises(FileNotFoundError):
        jsonl.write(file, rows())
    assert list(file.parent.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """A traceback tells the user nothing about her path."""
    with pytest.raises(UserError, match="can't be written"):
        jsonl.write(tmp_path / "absent" / "rows.jsonl", [])


def test_what_is_written_is_read(file: Path) -> None:
    """Writer and reader are one format."""
    rows = [{"b": 1, "a": "ä\n\u2028"}, {"a": [2**63, 1.5, None]}]
    assert jsonl.write(file, rows) == 2
    assert [line.row for line in jsonl.read(file)] == rows

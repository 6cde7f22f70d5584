"""read_file, write_file, list_files and search_text on tiny_shop, and every way out of it that they must refuse."""

from pathlib import Path

import pytest

from punie_data.tools.base import Outcome
from punie_data.tools.results import TextMatch
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace
from tests.conftest import open_tools

OUTSIDE = [
    pytest.param("../secret.txt", id="parent"),
    pytest.param("docs/../../secret.txt", id="parent-in-the-middle"),
    pytest.param("/etc/passwd", id="absolute"),
    pytest.param("link.txt", id="link-to-a-file"),
    pytest.param("linked/secret.txt", id="link-to-a-folder"),
    pytest.param(".git/config", id="git"),
    pytest.param("a\0b", id="nul"),
    pytest.param("", id="empty"),
]


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """A project with links that lead out of it, and something beside it that nobody may see."""
    (tmp_path / "secret.txt").write_text("the secret\n")
    root = tmp_path / "project"
    (root / "docs").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("[core]\n")
    (root / "docs" / "page.md").write_text("a page\n")
    (root / "link.txt").symlink_to("../secret.txt")
    (root / "linked").symlink_to("..")
    return root


def test_a_file_is_read_whole(shop: Toolbox) -> None:
    """Else an answer would be computed from a part of the file."""
    text = (shop.workspace.root / "src/tiny_shop/retry.py").read_text()
    found = shop.call("read_file", path="src/tiny_shop/retry.py")
    assert (found.value, found.content, found.exit) == (text, text, 0)


def test_lines_are_read_as_numbered(shop: Toolbox) -> None:
    """Else a span would show other lines than the question names."""
    found = shop.call("read_file", path="src/tiny_shop/errors.py", first_line=30, last_line=31)
    assert found.content == 'class PaymentError(ShopError):\n    """A payment did not go through."""'


def test_an_open_span_ends_with_the_last_line(shop: Toolbox) -> None:
    """Else the empty rest behind the last line end would count as a line."""
    found = shop.call("read_file", path="src/tiny_shop/errors.py", first_line=39)
    assert found.content == '    """The provider did not answer; the payment may be tried again."""'


@pytest.mark.parametrize(
    ("first_line", "last_line", "asked"),
    [(40, 0, "lines from 40 on"), (0, 3, "lines 0 to 3"), (5, 4, "lines 5 to 4"), (-1, 0, "lines from -1 on"), (1, -2, "lines 1 to -2")],
)  # fmt: skip
def test_lines_that_are_not_there_are_an_error(
    shop: Toolbox, first_line: int, last_line: int, asked: str
) -> None:
    """Else the tool would answer with nothing where there is nothing, or with the wrong end of the file."""
    found = shop.call("read_file", path="src/tiny_shop/errors.py", first_line=first_line, last_line=last_line)
    assert found.content == f"Error: src/tiny_shop/errors.py has 39 lines; {asked} were asked for"
    assert found.exit == 1


def test_text_that_looks_like_an_error_is_none(tmp_path: Path) -> None:
    """Else a log in a repository would count as a failed call."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "log.txt").write_text("Error: no such file: x\n")
    with open_tools(tmp_path / "project", tmp_path / "cache") as tools:
        assert tools.call("read_file", path="log.txt").ok
        assert tools.call("read_file", path="log.txt", first_line=1, last_line=1).ok
        assert not tools.call("read_file", path="x").ok


def test_bytes_that_are_not_utf8_are_shown_as_such(tmp_path: Path) -> None:
    """Else one file in Latin-1 would end the mining of a repository."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "old.py").write_bytes(b"# caf\xe9\nx = 1\n")
    with open_tools(tmp_path / "project", tmp_path / "cache") as tools:
        assert tools.call("read_file", path="old.py").content == "# caf\N{REPLACEMENT CHARACTER}\nx = 1\n"


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_is_read(leaky: Path, path: str, tmp_path: Path) -> None:
    """Else a mined repository could put the user's files into a dataset."""
    with open_tools(leaky, tmp_path / "cache") as tools:
        assert tools.call("read_file", path=path).content == f"Error: no such file: {path}"
        assert tools.call("read_file", path="docs/page.md").content == "a page\n"


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_is_listed_or_searched(leaky: Path, path: str, tmp_path: Path) -> None:
    """Else a listing or a search would show what reading refuses."""
    with open_tools(leaky, tmp_path / "cache") as tools:
        if path:
            assert tools.call("list_files", path=path).exit == 1
            assert tools.call("search_text", pattern="secret", path=path).exit == 1
        assert tools.call("list_files").value.files == ("docs/page.md",)
        assert tools.call("search_text", pattern="secret|core|page").value.matches == (
            TextMatch(file="docs/page.md", line=1, column=3, text="a page"),
        )


@pytest.mark.parametrize(
    "path", ["../out.txt", "/tmp/out.txt", ".git/hooks/post-commit", ".git", ".", "a\0b", ""]
)
def test_nothing_is_written_outside(leaky: Path, path: str, tmp_path: Path) -> None:
    """Else a row's path could put a file anywhere."""
    before = sorted(tmp_path.rglob("*"))
    with open_tools(leaky, tmp_path / "project" / "cache") as tools, tools.scratch() as scratch:
        assert scratch.call("write_file", path=path, content="x").exit == 1
    assert [p for p in sorted(tmp_path.rglob("*")) if "cache" not in p.parts] == before


def test_writing_happens_in_a_copy_only(tiny_shop: Path, tmp_path: Path) -> None:
    """Else mining would change the repository, or the next generator would see what the last one wrote."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        before = contents(tools.workspace.root)
        with tools.scratch() as scratch:
            assert (
                scratch.call("write_file", path="README.md", content="é").content
                == "Wrote 1 characters to README.md"
            )
            scratch.call("write_file", path="new/deep/file.py", content="import os\n")
            assert scratch.call("read_file", path="README.md").content == "é"
            assert scratch.call("ruff_check", path="new").value.violation_count == 1
            assert "new/deep/file.py" in [file.file for file in scratch.call("git_status").value.files]
        assert contents(tools.workspace.root) == before
        assert contents(tiny_shop) == before
        with tools.scratch() as scratch:
            assert scratch.call("read_file", path="README.md").content.startswith("# tiny-shop")
            assert not scratch.call("read_file", path="new/deep/file.py").ok


def test_an_unchanged_copy_is_used_again(shop: Toolbox) -> None:
    """Else every question about a change would copy the whole repository."""
    with shop.scratch() as first:
        first.call("read_file", path="README.md")
    with shop.scratch() as second:
        assert second is first


def test_a_changed_copy_is_made_whole_again(tiny_shop: Path, tmp_path: Path) -> None:
    """Else a question about a change would see what an earlier one had written, or a file would be gone for all that follow."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        before = contents(tools.workspace.root)
        with tools.scratch() as first:
            copy = first.workspace.root
            for path in ("README.md", "new/deep/file.py", "src/tiny_shop/new.py", "README.md/impossible"):
                first.call("write_file", path=path, content="x = 1\n")
            assert first.call("list_files", path="new").value.file_count == 1
        assert contents(copy) == before
        assert not (copy / "new").exists()
        with tools.scratch() as second:
            assert not second.call("list_files", path="new").ok
            assert second.call("git_status").value == tools.call("git_status").value


def test_the_copy_is_gone_with_the_tools(tiny_shop: Path, tmp_path: Path) -> None:
    """Else every run would leave a copy of the repository on the disk."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools, tools.scratch() as scratch:
        root = scratch.workspace.root
        assert root.is_dir()
    assert not root.exists()


def test_the_project_itself_is_never_written(shop: Toolbox) -> None:
    """Else a generator that forgot the copy would change the snapshot for all that come after it."""
    with pytest.raises(TypeError, match="scratch"):
        shop.call("write_file", path="README.md", content="x")


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def test_files_are_listed_by_folder_and_name(shop: Toolbox) -> None:
    """Else a listing would miss a file, or show one of another folder."""
    docs = shop.call("list_files", path="docs").value
    assert docs.files == (
        "docs/architecture.md", "docs/best-practices.md", "docs/choosing-a-provider.rst", "docs/concepts.rst",
        "docs/how-to.md", "docs/ideas.md",
    )  # fmt: skip
    assert docs.file_count == 6
    assert shop.call("list_files", path="src", pattern="*ing.py").value.files == ("src/tiny_shop/pricing.py",)
    assert shop.call("list_files", path="src/", pattern="*.md").value.file_count == 0


def test_a_folder_is_more_than_the_start_of_a_name(shop: Toolbox) -> None:
    """Else `doc` would list `docs`."""
    found = shop.call("list_files", path="doc")
    assert (found.exit, found.value.parse_error) == (1, "no such folder: doc")


def test_a_search_finds_every_line_and_no_other(shop: Toolbox) -> None:
    """Else an answer would count too many or too few."""
    found = shop.call("search_text", pattern="TODO|FIXME").value
    assert [(match.file, match.line, match.column) for match in found.matches] == [
        ("src/tiny_shop/catalogue.py", 45, 7),
        ("src/tiny_shop/inventory.py", 44, 7),
        ("src/tiny_shop/notifications.py", 25, 7),
    ]
    assert (found.match_count, found.file_count) == (3, 3)


def test_a_search_agrees_with_python(shop: Toolbox) -> None:
    """Else ripgrep's own rules (hidden files, ignored files, sizes) would decide what is there."""
    expected = [
        (path, number)
        for path in sorted(shop.workspace.paths)
        for number, line in enumerate((shop.workspace.root / path).read_text().split("\n"), 1)
        if "py" in line
    ]
    found = shop.call("search_text", pattern="py").value
    assert [(match.file, match.line) for match in found.matches] == expected
    assert {".gitignore", "pyproject.toml", "README.md"} <= {match.file for match in found.matches}


def test_columns_count_characters(shop: Toolbox) -> None:
    """Else a column behind an accent or an emoji would be off by the bytes."""
    found = shop.call("search_text", pattern=r"Money\.of", path="src/tiny_shop/catalogue.py").value
    assert [(match.line, match.column) for match in found.matches] == [
        (63, 48), (64, 43), (65, 37), (66, 41)
    ]  # fmt: skip


def test_a_search_can_be_narrowed(shop: Toolbox) -> None:
    """Else a question about one file would be answered about all."""
    everywhere = files(shop.call("search_text", pattern="UnknownProduct"))
    assert everywhere == {
        "src/tiny_shop/cart.py",
        "src/tiny_shop/catalogue.py",
        "src/tiny_shop/errors.py",
        "tests/test_catalogue.py",
    }
    assert files(shop.call("search_text", pattern="UnknownProduct", path="tests/")) == {
        "tests/test_catalogue.py"
    }
    assert files(shop.call("search_text", pattern="UnknownProduct", path="src/tiny_shop/cart.py/")) == {
        "src/tiny_shop/cart.py"
    }
    assert files(shop.call("search_text", pattern="UnknownProduct", glob="err*.py")) == {
        "src/tiny_shop/errors.py"
    }


def files(found: Outcome) -> set[str]:
    return {match.file for match in found.value.matches}


def test_nothing_found_is_no_error(shop: Toolbox) -> None:
    """Else the honest answer 'nowhere' could not be told from a failure."""
    found = shop.call("search_text", pattern="nothing like this")
    assert (found.exit, found.value.success, found.value.match_count) == (0, True, 0)


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(?P<n", "\\"])
def test_a_broken_pattern_is_an_error(shop: Toolbox, pattern: str) -> None:
    """Else 'not found' would be said of something that was never searched."""
    found = shop.call("search_text", pattern=pattern)
    assert (found.exit, found.value.parse_error) == (1, f"not a regular expression: {pattern}")


@pytest.mark.parametrize("pattern", ["-x", "--files", "--pre=sh", "-f/etc/passwd"])
def test_a_pattern_is_never_an_option(shop: Toolbox, pattern: str) -> None:
    """Else a searched text could make ripgrep run a program or read another file."""
    found = shop.call("search_text", pattern=pattern)
    assert (found.exit, found.value.match_count) == (0, 0)


def test_a_pattern_with_nul_is_an_error(shop: Toolbox) -> None:
    """Else a NUL in a question would end the run with a traceback."""
    assert shop.call("search_text", pattern="a\0b").exit == 1


def test_a_long_line_is_shortened_and_not_dropped(tmp_path: Path) -> None:
    """Else one minified file would fill a row."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "long.js").write_text("x" * 5000 + "needle\n")
    with open_tools(tmp_path / "project", tmp_path / "cache") as tools:
        (match,) = tools.call("search_text", pattern="needle").value.matches
    assert (match.line, match.column, len(match.text)) == (1, 5001, 300)


def test_links_made_after_the_listing_are_not_followed(tmp_path: Path) -> None:
    """Else what is in the folder but not in the project would be found."""
    (tmp_path / "secret.txt").write_text("needle\n")
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.txt").write_text("needle\n")
    (root / "b.txt").symlink_to("../secret.txt")
    with Workspace(root, frozenset(["a.txt"]), None) as workspace:
        found = Toolbox(workspace).call("search_text", pattern="needle")
    assert files(found) == {"a.txt"}

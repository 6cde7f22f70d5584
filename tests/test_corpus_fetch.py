"""From a specification to a folder: local folders, git URLs, releases from an index, corpus entries."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from punie_data.corpus import Entry, Release, cached, fetch_entry, resolve
from punie_data.corpus.clone import Remote, parse_remote
from punie_data.corpus.git import git
from punie_data.errors import UserError
from tests.package_index import MIT, PackageIndex, sdist, serving, snapshot, tar_gz

RESOLVE = "import sys; from pathlib import Path; from punie_data.corpus import resolve; print(resolve(sys.argv[1], Path(sys.argv[2]), print).root)"


@pytest.fixture
def index(monkeypatch) -> Iterator[PackageIndex]:
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with serving(PackageIndex()) as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        for number, version in enumerate(("1.0", "1.1", "1.2"), 1):
            files = {"shop.py": f"x = {number}\n", "tests/test_shop.py": "", f"only{number}.md": "here\n"}
            served.add(
                f"shop-{version}.tar.gz", sdist("shop", version, files), f"2024-0{number}-01T00:00:00Z"
            )
        yield served


def quiet(line: str) -> None:
    """Progress that nobody reads."""


def repository(folder: Path, files: dict[str, str] | None = None) -> str:
    """A git repository with one commit, as a user has it; returns the commit."""
    folder.mkdir(parents=True)
    for name, content in (files or {"a.py": "x = 1\n", "LICENSE": MIT}).items():
        (folder / name).write_text(content)
    git("init", "--quiet", str(folder))
    git("add", ".", cwd=folder)
    git("-c", "user.name=A", "-c", "user.email=a@example.invalid", "commit", "--quiet", "-m", "x", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder).strip()


# A folder of the user's


def test_a_plain_folder_is_itself(tmp_path):
    """Lost: the main job, `--repo PATH`. The origin holds the folder's name and never the path to it."""
    (tmp_path / "my shop").mkdir()
    source = resolve(str(tmp_path / "my shop"), tmp_path / "cache", quiet)
    assert (source.name, source.origin, source.revision, source.license) == (
        "my-shop",
        "my-shop",
        "",
        "unknown",
    )
    assert source.root == tmp_path / "my shop"
    assert not source.immutable
    assert not (tmp_path / "cache").exists()


def test_a_git_folder_has_its_commit_and_is_left_as_it_was(tmp_path):
    """Lost: mining would change the user's repository, or not know which revision it mined."""
    head = repository(tmp_path / "shop")
    before = snapshot(tmp_path / "shop")
    source = resolve(str(tmp_path / "shop"), tmp_path / "cache", quiet)
    assert (source.revision, source.license, source.origin) == (head, "MIT", "shop")
    assert snapshot(tmp_path / "shop") == before


def test_a_linked_work_tree_has_its_commit(tmp_path):
    """Near miss: in a linked work tree `.git` is a file."""
    head = repository(tmp_path / "shop")
    git("worktree", "add", "--quiet", str(tmp_path / "second"), cwd=tmp_path / "shop")
    assert resolve(str(tmp_path / "second"), tmp_path / "cache", quiet).revision == head


def test_a_repository_without_commits_is_a_plain_folder(tmp_path):
    """Lost: `git init` and nothing more would stop the run."""
    git("init", "--quiet", str(tmp_path / "shop"))
    said: list[str] = []
    assert resolve(str(tmp_path / "shop"), tmp_path / "cache", said.append).revision == ""
    assert said == []


def test_a_broken_repository_is_a_plain_folder_and_one_line(tmp_path):
    """Lost: a damaged .git would stop the run, or be mined without a word."""
    repository(tmp_path / "shop")
    shutil.rmtree(tmp_path / "shop" / ".git" / "objects")
    said: list[str] = []
    assert resolve(str(tmp_path / "shop"), tmp_path / "cache", said.append).revision == ""
    assert len(said) == 1
    assert said[0].startswith("shop: taken as a plain folder, its .git cannot be read")


def test_a_git_file_that_points_nowhere_is_a_plain_folder_and_one_line(tmp_path):
    """Lost: a copied submodule, whose .git names a folder that did not come along, would stop the run."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / ".git").write_text("gitdir: ../nowhere\n")
    said: list[str] = []
    assert resolve(str(tmp_path / "shop"), tmp_path / "cache", said.append).revision == ""
    assert len(said) == 1


def test_what_a_repository_configures_is_not_run(tmp_path):
    """Lost: pointing the tool at a downloaded folder would run any program that its .git/config names."""
    repository(tmp_path / "shop", {"a.py": "x\n", ".gitattributes": "* filter=evil diff=evil\n"})
    sprung = tmp_path / "sprung"
    command = f"touch {sprung}; false"
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "diff.external",
        "filter.evil.clean",
        "diff.evil.textconv",
        "alias.rev-parse",
    ):
        value = f"!{command}" if key.startswith("alias") else command
        subprocess.run(["git", "config", key, value], cwd=tmp_path / "shop", check=True)
    subprocess.run(["git", "status"], cwd=tmp_path / "shop", capture_output=True)
    assert sprung.exists(), "the trap must work, or this test says nothing"
    sprung.unlink()
    assert resolve(str(tmp_path / "shop"), tmp_path / "cache", quiet).revision
    assert not sprung.exists()


def test_git_of_ours_does_not_start_a_repositorys_monitor(tmp_path):
    """Lost: the same, for the commands that look at the work tree."""
    repository(tmp_path / "shop")
    sprung = tmp_path / "sprung"
    subprocess.run(
        ["git", "config", "core.fsmonitor", f"touch {sprung}; false"], cwd=tmp_path / "shop", check=True
    )
    git("status", "--porcelain", cwd=tmp_path / "shop")
    assert not sprung.exists()


def test_a_missing_object_is_not_asked_of_a_remote(tmp_path):
    """Lost: a partial clone fetches what it lacks when it is read, over a transport that its own configuration names."""
    repository(tmp_path / "shop")
    tree = git("rev-parse", "HEAD^{tree}", cwd=tmp_path / "shop").strip()
    (tmp_path / "shop" / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    sprung = tmp_path / "sprung"
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::sh -c touch% {sprung}"),
        ("protocol.ext.allow", "always"),
    ):
        subprocess.run(["git", "config", key, value], cwd=tmp_path / "shop", check=True)
    subprocess.run(["git", "cat-file", "-e", "HEAD^{tree}"], cwd=tmp_path / "shop", capture_output=True)
    assert sprung.exists(), "the trap must work, or this test says nothing"
    sprung.unlink()
    said: list[str] = []
    assert resolve(str(tmp_path / "shop"), tmp_path / "cache", said.append).revision == ""
    assert len(said) == 1
    assert not sprung.exists()


def test_a_file_is_one_line(tmp_path):
    """Lost: `--repo setup.py` would end in a traceback."""
    (tmp_path / "setup.py").write_text("")
    with pytest.raises(UserError, match="is a file; give the folder"):
        resolve(str(tmp_path / "setup.py"), tmp_path / "cache", quiet)


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "nowhere",
        "./nowhere",
        "shop=1.0",
        "shop==",
        "==1.0",
        "shop>=1.0",
        "x" * 5000,
        "a\0b",
        "--help",
        "ext::sh -c true",
    ],
)
def test_what_is_no_specification_is_one_line(tmp_path, spec):
    """Lost: a typing mistake would end in a traceback, or `ext::` would run a command."""
    with pytest.raises(
        UserError, match="is neither a folder here, nor a git URL, nor name==version"
    ) as caught:
        resolve(spec, tmp_path / "cache", quiet)
    assert "\n" not in str(caught.value)


# A git URL


@pytest.mark.parametrize(
    ("spec", "url", "wanted", "name"),
    [
        ("https://host.example/o/shop.git", "https://host.example/o/shop.git", "", "shop"),
        ("git+https://host.example/o/shop@v1.0", "https://host.example/o/shop", "v1.0", "shop"),
        (
            "https://user:word@host.example/o/shop.git@abc1234",
            "https://user:word@host.example/o/shop.git",
            "abc1234",
            "shop",
        ),
        ("https://user@host.example/o/shop.git", "https://user@host.example/o/shop.git", "", "shop"),
        ("git@host.example:o/shop.git", "git@host.example:o/shop.git", "", "shop"),
        ("git@host.example:shop.git@main", "git@host.example:shop.git", "main", "shop"),
        (
            "ssh://git@host.example/o/shop.git@feature/x",
            "ssh://git@host.example/o/shop.git",
            "feature/x",
            "shop",
        ),
        ("file:///srv/shop/@main", "file:///srv/shop/", "main", "shop"),
    ],
)
def test_a_url_and_what_is_wanted_of_it_are_told_apart(spec, url, wanted, name):
    """Lost: the `@` of a user's name would be taken for that of a commit."""
    assert parse_remote(spec) == Remote(url, wanted)
    assert parse_remote(spec).name == name


@pytest.mark.parametrize(
    "spec",
    [
        "shop==1.0",
        "-oProxyCommand=x@host:y",
        "ext::sh -c x",
        "git@-host:x",
        "folder/shop.git",
        "https:shop",
        "javascript://x",
    ],
)
def test_what_is_no_git_url(spec):
    """Near misses: an option, or a transport that runs a command, must not reach git."""
    assert parse_remote(spec) is None


def test_a_password_never_leaves_the_command_line():
    """Lost: a token would be written into every row's origin."""
    assert (
        Remote("https://user:sesame@host.example/o/shop.git", "").public == "https://host.example/o/shop.git"
    )
    assert Remote("file:///home/me/shop", "").public == "shop"


def test_a_clone_is_whole_at_its_commit_and_cached(tmp_path):
    """Lost: history questions would have one commit, or every run would clone again."""
    first = repository(tmp_path / "shop")
    (tmp_path / "shop" / "b.py").write_text("y\n")
    git("add", ".", cwd=tmp_path / "shop")
    git(
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.invalid",
        "commit",
        "--quiet",
        "-m",
        "y",
        cwd=tmp_path / "shop",
    )
    head = git("rev-parse", "HEAD", cwd=tmp_path / "shop").strip()
    url = (tmp_path / "shop").as_uri()
    latest = resolve(url, tmp_path / "cache", quiet)
    assert (latest.revision, latest.origin, latest.license, latest.immutable) == (
        head,
        f"git+shop@{head}",
        "MIT",
        True,
    )
    assert git("log", "--format=%s", cwd=latest.root).split() == ["y", "x"]
    for wanted in (first, first[:9]):
        older = resolve(f"git+{url}@{wanted}", tmp_path / "cache", quiet)
        assert (older.revision, (older.root / "b.py").exists()) == (first, False)
    shutil.rmtree(tmp_path / "shop")
    said: list[str] = []
    assert resolve(f"{url}@{head}", tmp_path / "cache", said.append) == latest
    assert said == []


def test_a_branch_or_tag_is_resolved_to_its_commit(tmp_path):
    """Lost: a moving name would be cached for ever."""
    first = repository(tmp_path / "shop")
    git("tag", "v1.0", cwd=tmp_path / "shop")
    git(
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.invalid",
        "tag",
        "-a",
        "v1.0a",
        "-m",
        "t",
        cwd=tmp_path / "shop",
    )
    url = (tmp_path / "shop").as_uri()
    assert [
        resolve(f"{url}@{tag}", tmp_path / "cache", quiet).revision for tag in ("v1.0", "v1.0a", "main")
    ] == [first] * 3


def test_what_cannot_be_cloned_is_one_line_and_leaves_nothing(tmp_path):
    """Lost: a wrong address would end in a traceback, or leave half a clone that passes for a whole one."""
    repository(tmp_path / "shop")
    git("init", "--quiet", str(tmp_path / "empty"))
    for spec, told in (
        ((tmp_path / "nowhere").as_uri(), "git cannot get it"),
        ((tmp_path / "empty").as_uri(), "has no commits"),
        ((tmp_path / "shop").as_uri() + "@nobranch", "has no branch, tag or commit"),
        ((tmp_path / "shop").as_uri() + "@" + "1" * 40, "has no commit"),
    ):
        with pytest.raises(UserError, match=told) as caught:
            resolve(spec, tmp_path / "cache", quiet)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "cache" / "sources").exists() or not list(
        (tmp_path / "cache" / "sources").iterdir()
    )


def test_cloning_runs_nothing_and_makes_no_links(tmp_path, monkeypatch):
    """Lost: hooks of the user's template, filters, and links out of the clone would all be at work."""
    sprung, hooks = tmp_path / "sprung", tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {sprung}\n")
    (hooks / "post-checkout").chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text(
        f'[init]\ntemplateDir = {tmp_path / "template"}\n[filter "evil"]\nsmudge = "touch {sprung}; cat"\n[core]\nsymlinks = true\n'
    )
    repository(tmp_path / "shop", {"a.py": "x\n", ".gitattributes": "*.py filter=evil\n"})
    (tmp_path / "shop" / "passwd").symlink_to("/etc/passwd")
    git("add", ".", cwd=tmp_path / "shop")
    git(
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.invalid",
        "commit",
        "--quiet",
        "-m",
        "y",
        cwd=tmp_path / "shop",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    subprocess.run(["git", "clone", "-q", str(tmp_path / "shop"), str(tmp_path / "control")], check=True)
    assert sprung.exists(), "the trap must work, or this test says nothing"
    sprung.unlink()
    root = resolve((tmp_path / "shop").as_uri(), tmp_path / "cache", quiet).root
    assert not sprung.exists()
    assert not (root / "passwd").is_symlink()
    assert (root / "passwd").read_text() == "/etc/passwd"
    assert git("status", "--porcelain", cwd=root) == ""
    assert not list((root / ".git").glob("hooks/*"))


# A release from the index


def test_a_release_becomes_a_folder_with_what_is_known_of_it(tmp_path, index):
    """Lost: `--repo name==version`."""
    source = resolve("shop==1.1", tmp_path / "cache", quiet)
    assert sorted(snapshot(source.root)) == ["LICENSE", "only2.md", "shop.py", "tests/test_shop.py"]
    assert (source.name, source.origin, source.license, source.immutable) == (
        "shop",
        "shop==1.1",
        "MIT",
        True,
    )
    assert source.root.name == "shop"
    assert source.revision.startswith("sdist:1.1:")
    assert len(source.revision) == len("sdist:1.1:") + 12


def test_a_second_time_needs_no_network(tmp_path, index, monkeypatch):
    """Lost: what was fetched once could not be mined on a train."""
    first = resolve("shop==1.1", tmp_path / "cache", quiet)
    asked = len(index.requests)
    assert resolve("shop==1.1", tmp_path / "cache", quiet) == first
    assert len(index.requests) == asked
    shutil.rmtree(tmp_path / "cache" / "sources")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert resolve("shop==1.1", tmp_path / "cache", quiet) == first


def test_several_releases_become_a_repository_and_a_dirty_tree(tmp_path, index):
    """Lost: a source distribution has no history, so status, diff and log would have no examples."""
    source = resolve("shop==1.0,1.1~1.2", tmp_path / "cache", quiet)
    assert source.origin == "shop==1.0,1.1~1.2"
    assert git("log", "--format=%s %aI", cwd=source.root).splitlines() == [
        "Release 1.1 2024-02-01T00:00:00+00:00",
        "Release 1.0 2024-01-01T00:00:00+00:00",
    ]
    assert source.revision == git("rev-parse", "HEAD", cwd=source.root).strip()
    status = git("status", "--porcelain", "--no-renames", cwd=source.root).splitlines()
    assert sorted(status) == ["A  only3.md", "D  only2.md", "M  shop.py"]
    elsewhere = resolve("shop==1.0,1.1~1.2", tmp_path / "elsewhere", quiet)
    assert elsewhere.revision == source.revision
    assert snapshot(elsewhere.root / "tests") == snapshot(source.root / "tests")


def test_a_git_folder_inside_an_archive_does_not_become_the_repositorys(tmp_path, index):
    """Lost: an archive could bring its own .git/config, and git in it would run what that names."""
    index.add(
        "evil-1.0.tar.gz",
        sdist("evil", "1.0", {".git/config": "[core]\nfsmonitor = touch /tmp/x\n", "a.py": "x\n"}),
    )
    said: list[str] = []
    source = resolve("evil==1.0", tmp_path / "cache", said.append)
    assert sorted(snapshot(source.root)) == ["LICENSE", "a.py"]
    assert said[-1] == "evil 1.0: left out 1 entries named .git"


def test_a_refused_archive_leaves_no_folder(tmp_path, index):
    """Lost: half of an evil archive would be mined by the next run."""
    index.add("evil-1.0.tar.gz", tar_gz({"evil-1.0/a.py": "x", "evil-1.0/../../../b.py": "evil"}))
    with pytest.raises(UserError, match="leaves the folder"):
        resolve("evil==1.0", tmp_path / "cache", quiet)
    assert list((tmp_path / "cache" / "sources").iterdir()) == []
    assert not list(tmp_path.rglob("b.py"))


def test_a_file_name_of_the_index_cannot_leave_the_cache(tmp_path, index):
    """Lost: the index could write anywhere by the name it gives a file."""
    index.add("../../../shop-9.0.tar.gz", b"x")
    with pytest.raises(UserError):
        resolve("shop==9.0", tmp_path / "cache", quiet)
    assert not list(tmp_path.rglob("shop-9.0.tar.gz"))


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path, index):
    """Lost: a full or read-only disk would end in a traceback."""
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="cannot be used"):
        resolve("shop==1.0", tmp_path / "cache", quiet)


def test_killed_in_the_middle_of_a_download_it_starts_again(tmp_path, index):
    """Lost: after `kill -9` the next run would take half a file, or stop over what was left."""
    index.failures["/files/shop-1.0.tar.gz"] = ["stall"]
    run = subprocess.Popen(
        [sys.executable, "-c", RESOLVE, "shop==1.0", str(tmp_path / "cache")], stdout=subprocess.DEVNULL
    )
    assert index.stalled.wait(30)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not list((tmp_path / "cache").rglob("complete.json"))
    source = resolve("shop==1.0", tmp_path / "cache", quiet)
    assert sorted(snapshot(source.root)) == ["LICENSE", "only1.md", "shop.py", "tests/test_shop.py"]


def test_two_processes_at_once_do_no_harm(tmp_path, index):
    """Lost: two builds on one machine would tear each other's folders."""
    command = [sys.executable, "-c", RESOLVE, "shop==1.0,1.1~1.2", str(tmp_path / "cache")]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, said
    assert len({out.splitlines()[-1] for out, _ in said}) == 1
    assert [path.name.startswith("shop-1.1-") for path in (tmp_path / "cache" / "sources").iterdir()] == [
        True
    ]
    assert git("fsck", cwd=Path(said[0][0].splitlines()[-1])) == ""


def test_a_folder_that_lost_its_marker_is_made_again(tmp_path, index):
    """Lost: what is not known to be whole would be mined."""
    source = resolve("shop==1.0", tmp_path / "cache", quiet)
    (source.root.parent / "complete.json").unlink()
    (source.root / "shop.py").write_text("half")
    assert (resolve("shop==1.0", tmp_path / "cache", quiet).root / "shop.py").read_text() == "x = 1\n"


def test_a_damaged_download_is_fetched_again(tmp_path, index):
    """Lost: a bad sector would be mined for ever."""
    resolve("shop==1.0", tmp_path / "cache", quiet)
    shutil.rmtree(tmp_path / "cache" / "sources")
    file = next((tmp_path / "cache" / "downloads").glob("*/shop-1.0.tar.gz"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    assert (resolve("shop==1.0", tmp_path / "cache", quiet).root / "shop.py").read_text() == "x = 1\n"


# An entry of a corpus


def entry(index: PackageIndex, license: str = "MIT", **given: str) -> Entry:
    import hashlib

    sha256 = hashlib.sha256(index.files["shop-1.0.tar.gz"]).hexdigest()
    release = Release("1.0", given.get("sha256", sha256), "2024-01-01T00:00:00Z")
    return Entry(
        "cart",
        license,
        project="shop",
        releases=(release,),
        exec_requirements=("pytest",),
        pytest_arguments=("-q",),
    )


def test_an_entry_is_fetched_by_its_pins(tmp_path, index):
    """Lost: a corpus would not be the same everywhere."""
    assert cached(entry(index), tmp_path / "cache") is None
    source = fetch_entry(entry(index), tmp_path / "cache", quiet)
    assert (source.name, source.root.name, source.origin) == ("cart", "cart", "shop==1.0")
    assert (source.exec_requirements, source.pytest_arguments) == (("pytest",), ("-q",))
    facts = cached(entry(index), tmp_path / "cache")
    assert (facts["python_files"], facts["python_lines"]) == (2, 1)


def test_another_file_under_the_pinned_version_is_refused(tmp_path, index):
    """Lost: whoever holds the index could change what is mined."""
    with pytest.raises(UserError, match="pinned with sha256 000000000000…, but the index has"):
        fetch_entry(entry(index, sha256="0" * 64), tmp_path / "cache", quiet)
    index.wrong_hash.add("shop-1.0.tar.gz")
    with pytest.raises(UserError, match="but the index has"):
        fetch_entry(entry(index), tmp_path / "cache", quiet)
    assert not (tmp_path / "cache" / "sources").exists()


def test_a_licence_other_than_the_one_stated_is_refused(tmp_path, index):
    """Lost: a repository that changed its licence would be mined under the old one."""
    with pytest.raises(UserError, match=r"cart: the corpus says Apache-2\.0, its licence file says MIT"):
        fetch_entry(entry(index, license="Apache-2.0"), tmp_path / "cache", quiet)


def test_a_git_entry_is_fetched_at_its_commit(tmp_path):
    """Lost: those who have the network could not pin a repository that is on no index."""
    commit = repository(tmp_path / "shop")
    pinned = Entry("shop", "MIT", git=(tmp_path / "shop").as_uri(), commit=commit)
    assert cached(pinned, tmp_path / "cache") is None
    assert fetch_entry(pinned, tmp_path / "cache", quiet).revision == commit
    assert cached(pinned, tmp_path / "cache")["python_files"] == 1

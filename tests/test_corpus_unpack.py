"""An archive from the net must become a plain folder, and must not be able to do anything else."""

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from punie_data.corpus import unpack as module
from punie_data.corpus.unpack import BadArchive, unpack
from tests.package_index import sdist, snapshot, tar_gz


def stored(tmp_path: Path, content: bytes, name: str = "shop-1.0.tar.gz") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, content in members:
            folder.writestr(name, content)
    return raw.getvalue()


def test_an_honest_archive_becomes_its_files_without_the_top_folder(tmp_path):
    """Lost: a path in a row would begin with `shop-1.0/`, which no repository has."""
    archive = stored(tmp_path, sdist("shop", "1.0", {"src/shop.py": "x = 1\n", "tests/test_shop.py": ""}))
    unpacked = unpack(archive, tmp_path / "out")
    assert unpacked.root == tmp_path / "out" / "shop-1.0"
    assert sorted(snapshot(unpacked.root)) == ["LICENSE", "src/shop.py", "tests/test_shop.py"]
    assert (unpacked.files, unpacked.remark) == (3, "")


def test_two_top_folders_are_both_kept(tmp_path):
    """Lost: an archive without a top folder of its own would lose half of its files."""
    archive = stored(tmp_path, tar_gz({"a/x.py": "1", "b/y.py": "2"}))
    root = unpack(archive, tmp_path / "out").root
    assert sorted(snapshot(root)) == ["a/x.py", "b/y.py"]


def test_modes_and_times_do_not_depend_on_the_packager_or_the_clock(tmp_path):
    """Lost: the same release would be another folder on another machine."""
    archive = stored(tmp_path, sdist("shop", "1.0", {"run.py": "x"}, time=1_600_000_000))
    first = unpack(archive, tmp_path / "a")
    before = os.umask(0o077)
    try:
        second = unpack(archive, tmp_path / "b")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE((unpacked.root / "run.py").stat().st_mode) for unpacked in (first, second)}
    assert modes == {0o644}
    assert snapshot(first.root) == snapshot(second.root)
    found = (first.root / "run.py").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_mtime, first.newest) == (
        0o644,
        1_600_000_000,
        1_600_000_000,
    )
    given = unpack(archive, tmp_path / "c", time=1_650_000_000).root / "run.py"
    assert given.stat().st_mtime == 1_650_000_000


@pytest.mark.parametrize(
    "name",
    [
        "../outside.py",
        "shop-1.0/../../outside.py",
        "/tmp/outside.py",
        "shop-1.0/..",
        "C:/outside.py",
        "shop-1.0\\..\\outside.py",
    ],
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_path_that_leaves_the_folder_condemns_the_archive(tmp_path, name, kind):
    """Lost: unpacking could overwrite any file of the user's."""
    if kind == "tar":
        archive = stored(tmp_path, tar_gz({"shop-1.0/ok.py": "x", name: "evil"}))
    else:
        archive = stored(tmp_path, zipped(("shop-1.0/ok.py", b"x"), (name, b"evil")), "shop-1.0.zip")
    with pytest.raises(BadArchive, match="leaves the folder"):
        unpack(archive, tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("outside.py"))


def test_two_dots_within_a_name_are_no_crime(tmp_path):
    """Near miss: `a..b.py` and `...` are names like any other."""
    archive = stored(tmp_path, tar_gz({"shop-1.0/a..b.py": "x", "shop-1.0/.../c.py": "y"}))
    assert sorted(snapshot(unpack(archive, tmp_path / "out").root)) == [".../c.py", "a..b.py"]


def test_links_and_devices_are_left_out_and_counted(tmp_path):
    """Lost: a link to /etc/passwd, mined, would put a file of this machine into the data."""
    archive = stored(
        tmp_path,
        tar_gz(
            {
                "shop-1.0/ok.py": "x",
                "shop-1.0/passwd.py": link(tarfile.SYMTYPE, "/etc/passwd"),
                "shop-1.0/again.py": link(tarfile.LNKTYPE, "../../../etc/passwd"),
                "shop-1.0/device": link(tarfile.CHRTYPE, ""),
                "shop-1.0/pipe": link(tarfile.FIFOTYPE, ""),
            }
        ),
    )
    unpacked = unpack(archive, tmp_path / "out")
    assert [path.name for path in unpacked.root.iterdir()] == ["ok.py"]
    assert unpacked.dropped == (("links", 2), ("special files", 2))
    assert unpacked.remark == "2 links, 2 special files"


def test_a_file_written_through_a_link_stays_inside(tmp_path):
    """Lost: a link to a folder, then a file under it, is the oldest trick there is."""
    target = tmp_path / "victim"
    target.mkdir()
    archive = stored(
        tmp_path,
        tar_gz({"shop-1.0/d": link(tarfile.SYMTYPE, str(target)), "shop-1.0/d/x.py": "evil"}),
    )
    unpacked = unpack(archive, tmp_path / "out")
    assert list(target.iterdir()) == []
    assert (unpacked.root / "d" / "x.py").read_text() == "evil"
    assert not (unpacked.root / "d").is_symlink()


def test_a_link_in_a_zip_is_left_out(tmp_path):
    """Lost: zip archives keep links too, in their attributes."""
    info = zipfile.ZipInfo("shop-1.0/passwd")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = stored(tmp_path, zipped(("shop-1.0/ok.py", b"x"), (info, b"/etc/passwd")), "shop-1.0.zip")
    unpacked = unpack(archive, tmp_path / "out")
    assert sorted(snapshot(unpacked.root)) == ["ok.py"]
    assert unpacked.dropped == (("links", 1),)


def test_a_git_folder_in_an_archive_is_left_out_but_git_files_stay(tmp_path):
    """Lost: an archive's own .git/config could name programs that git would run; .gitignore is an ordinary file."""
    archive = stored(
        tmp_path,
        sdist(
            "shop",
            "1.0",
            {
                ".git/config": "[core]",
                "sub/.GIT/hooks/post-checkout": "x",
                ".gitignore": "*.pyc",
                ".gitattributes": "",
            },
        ),
    )
    unpacked = unpack(archive, tmp_path / "out")
    assert sorted(snapshot(unpacked.root)) == [".gitattributes", ".gitignore", "LICENSE"]
    assert unpacked.dropped == (("entries named .git", 2),)


def test_names_that_differ_only_in_case_give_the_same_folder_everywhere(tmp_path):
    """Lost: on a Mac one of the two would overwrite the other, on Linux both would be mined."""
    archive = stored(tmp_path, tar_gz({"shop-1.0/Read.md": "first", "shop-1.0/READ.md": "second"}))
    unpacked = unpack(archive, tmp_path / "out")
    assert {name: content for name, (content, _) in snapshot(unpacked.root).items()} == {"Read.md": b"first"}
    assert unpacked.dropped == (("files whose names differ only in case", 1),)


def test_a_bomb_is_stopped_before_it_fills_the_disk(tmp_path, monkeypatch):
    """Lost: a few kilobytes from the net would take the whole disk."""
    monkeypatch.setattr(module, "TOTAL_LIMIT", 200_000)
    bomb = {f"shop-1.0/{number}": b"\0" * 30_000 for number in range(20)}
    archive = stored(tmp_path, tar_gz(bomb))
    assert archive.stat().st_size < 20_000
    with pytest.raises(BadArchive, match="unpacks to more than"):
        unpack(archive, tmp_path / "out")
    written = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert written <= 200_000


def test_a_zip_bomb_is_stopped(tmp_path, monkeypatch):
    """Lost: zip archives compress a thousandfold."""
    monkeypatch.setattr(module, "TOTAL_LIMIT", 200_000)
    archive = stored(
        tmp_path, zipped(*((f"shop-1.0/{n}", b"\0" * 30_000) for n in range(20))), "shop-1.0.zip"
    )
    with pytest.raises(BadArchive, match="unpacks to more than"):
        unpack(archive, tmp_path / "out")


def test_a_file_at_the_limit_passes_and_one_byte_more_does_not(tmp_path, monkeypatch):
    """Lost: the limit would either be none or refuse honest files."""
    monkeypatch.setattr(module, "FILE_LIMIT", 5_000)
    assert unpack(stored(tmp_path, tar_gz({"s/a": b"x" * 5_000})), tmp_path / "out").size == 5_000
    with pytest.raises(BadArchive, match="larger than"):
        unpack(stored(tmp_path, tar_gz({"s/a": b"x" * 5_001})), tmp_path / "out2")


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    """Lost: a million empty files use up a disk without a byte of content."""
    monkeypatch.setattr(module, "COUNT_LIMIT", 10)
    unpack(stored(tmp_path, tar_gz({f"s/{n}": "" for n in range(10)})), tmp_path / "ten")
    with pytest.raises(BadArchive, match="more than 10 members"):
        unpack(stored(tmp_path, tar_gz({f"s/{n}": "" for n in range(11)})), tmp_path / "eleven")


def test_a_header_that_announces_gigabytes_is_refused_unread(tmp_path):
    """Lost: tarfile reads an extended header in one go, and would ask for as much memory as the header says."""
    info = tarfile.TarInfo("header")
    info.type, info.size = tarfile.XHDTYPE, 2**33
    archive = stored(tmp_path, info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096, "shop-1.0.tar")
    with pytest.raises(BadArchive, match="announces"):
        unpack(archive, tmp_path / "out")


def test_a_file_that_is_also_a_folder_is_one_line(tmp_path):
    """Lost: a traceback for an archive that contradicts itself."""
    with pytest.raises(BadArchive, match="both a file and a folder"):
        unpack(stored(tmp_path, tar_gz({"s/x": "file", "s/x/y": "below it"})), tmp_path / "out")


@pytest.mark.parametrize(
    "cut", [0, 1, 10, 200, -20], ids=["empty", "one byte", "header only", "half", "nearly whole"]
)
def test_a_damaged_archive_is_one_line(tmp_path, cut):
    """Lost: a truncated download would end in a traceback."""
    content = sdist("shop", "1.0", {f"{n}.py": f"{n}" * 900 for n in range(30)})[: cut or None]
    archive = stored(tmp_path, content if cut else b"")
    with pytest.raises(BadArchive) as caught:
        unpack(archive, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("shop-1.0.tar.gz: ")


def test_a_damaged_zip_is_one_line(tmp_path):
    """Lost: a flipped byte in a zip would end in a traceback, or in wrong content."""
    good = zipped(("s/a.py", b"print('hello')\n" * 50))
    at = good.index(b"s/a.py") + 10
    bad = good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]
    with pytest.raises(BadArchive):
        unpack(stored(tmp_path, bad, "s-1.zip"), tmp_path / "out")


@pytest.mark.parametrize("mode", ["w:bz2", "w:xz", "w"])
def test_other_compressions_are_read_too(tmp_path, mode):
    """Lost: older releases come as .tar.bz2."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode=mode) as tar:
        info = tarfile.TarInfo("shop-1.0/a.py")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"a=1"))
    archive = stored(tmp_path, raw.getvalue(), "shop-1.0.tar")
    assert (unpack(archive, tmp_path / "out").root / "a.py").read_text() == "a=1"

"""Corpus files: what is wrong in one is said with its place, and the one that ships is right."""

import tomllib

import orjson
import pytest
from click.testing import CliRunner
from packaging.version import Version

from punie_data.cli.corpus import corpus
from punie_data.corpus import load_corpus
from punie_data.errors import UserError
from punie_data.resources import path_of
from tests.test_corpus_fetch import index as index  # the fixture

SHA = "0" * 64
GOOD = f"""
cap = 12
[[repositories]]
name = "shop"
license = "MIT"
releases = [
    {{ version = "1.0", released = "2024-01-25T09:15:02Z", sha256 = "{SHA}" }},
    {{ version = "1.1", sha256 = "{SHA}" }},
]
next = {{ version = "1.2", sha256 = "{SHA}" }}
exec_requirements = ["pytest"]

[[repositories]]
name = "cart"
license = "MIT"
git = "https://host.example/cart.git"
commit = "{"a" * 40}"
"""


def written(tmp_path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_a_corpus_file_is_read(tmp_path):
    """Lost: `--corpus FILE`."""
    loaded = load_corpus(written(tmp_path, GOOD))
    assert (loaded.name, loaded.cap) == ("mine", 12)
    shop, cart = loaded.entries
    assert [release.version for release in shop.releases] == ["1.0", "1.1"]
    assert (shop.releases[0].released, shop.next.version, shop.exec_requirements) == (
        "2024-01-25T09:15:02Z",
        "1.2",
        ("pytest",),
    )
    assert (shop.origin, cart.origin) == (
        "shop==1.0,1.1~1.2",
        f"git+https://host.example/cart.git@{'a' * 40}",
    )
    assert (shop.has_history, cart.has_history) == (True, True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("cap = 12", "cap = 0"), "cap: "),
        (('name = "shop"', 'name = "../shop"'), r"repositories\[0\].name \(\.\./shop\): "),
        (('name = "shop"', 'name = "cart"'), "two repositories are called 'cart'"),
        (
            (f'sha256 = "{SHA}" }},\n]', 'sha256 = "123" },\n]'),
            r"repositories\[0\].releases\[1\].sha256 \(shop\)",
        ),
        (("2024-01-25T09:15:02Z", "2024-01-25"), "released"),
        (('license = "MIT"\nreleases', "releases"), "'license' is a required property"),
        ((f'commit = "{"a" * 40}"', 'commit = "abc"'), "commit"),
        ((f'commit = "{"a" * 40}"', ""), r"repositories\[1\]"),
        (('git = "https://host.example', 'git = "ext::sh'), "git"),
        (("exec_requirements", "exec_requirement"), "exec_requirement"),
        (("cap = 12", "cap = "), "not TOML"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path, change, told):
    """Lost: a typing mistake in a file of thirty repositories would have to be looked for."""
    assert change[0] in GOOD
    with pytest.raises(UserError, match=told) as caught:
        load_corpus(written(tmp_path, GOOD.replace(*change, 1)))
    assert "\n" not in str(caught.value)


def test_a_missing_file_or_name_is_one_line(tmp_path, monkeypatch):
    """Lost: a traceback for a typing mistake."""
    monkeypatch.chdir(tmp_path)
    for name in ("nowhere.toml", "nowhere", "no/where.toml", "."):
        with pytest.raises(UserError):
            load_corpus(name)


def test_a_name_is_looked_up_under_the_working_directory(tmp_path, monkeypatch):
    """Lost: `--corpus mine` would not find corpora/mine.toml."""
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "mine.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    assert load_corpus("mine").name == "mine"


# The starter corpus


def test_the_starter_corpus_is_what_the_issue_asks_for():
    """Lost: a corpus that is too small, unpinned, or under licences that bind."""
    loaded = load_corpus("starter")
    assert (loaded.name, loaded.cap) == ("starter", 500)
    assert len(loaded.entries) >= 24
    assert {"svcs", "httpx", "flask", "attrs"} <= {entry.name for entry in loaded.entries}
    assert sum(len(entry.releases) > 1 and entry.next is not None for entry in loaded.entries) >= 12
    assert any(not entry.has_history for entry in loaded.entries), (
        "one without git history must be among them"
    )
    allowed = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "ISC"}
    for entry in loaded.entries:
        assert set(entry.license.replace(" OR ", " ").replace(" AND ", " ").split()) <= allowed, entry.name


def test_the_starter_corpus_pins_every_release_in_order():
    """Lost: a history that runs backwards, or a date that the index could change."""
    for entry in load_corpus("starter").entries:
        releases = [*entry.releases, *([entry.next] if entry.next else [])]
        assert all(release.sha256 and release.released for release in releases), entry.name
        versions = [Version(release.version) for release in releases]
        assert versions == sorted(set(versions)), entry.name
        dates = [release.released for release in releases]
        assert dates == sorted(dates), entry.name
    assert "://" not in path_of("corpora", "starter.toml").read_text(), "where to get them is pip's to say"


def test_every_key_of_the_format_is_explained_at_the_head_of_the_starter_corpus():
    """Lost: the documentation of the format would fall behind the schema."""
    head = path_of("corpora", "starter.toml").read_text().partition("\nname = ")[0]
    schema = orjson.loads(path_of("schemas", "corpus.schema.json").read_bytes())
    properties = schema["properties"]["repositories"]["items"]["properties"]
    explained = {word for line in head.splitlines() for word in line.lstrip("# ").split("  ")[0].split(", ")}
    assert set(properties) <= explained
    assert tomllib.loads(path_of("corpora", "starter.toml").read_text()).keys() <= schema["properties"].keys()


# The commands


def corpus_of(tmp_path, index) -> str:
    import hashlib

    digest = {
        version: hashlib.sha256(index.files[f"shop-{version}.tar.gz"]).hexdigest()
        for version in ("1.0", "1.1", "1.2")
    }
    rows = ", ".join(
        f'{{ version = "{version}", sha256 = "{digest[version]}" }}' for version in ("1.0", "1.1")
    )
    return written(
        tmp_path,
        f'[[repositories]]\nname = "shop"\nlicense = "MIT"\nreleases = [{rows}]\n'
        f'[[repositories]]\nname = "bad"\nproject = "shop"\nlicense = "ISC"\nreleases = [{{ version = "1.2", sha256 = "{digest["1.2"]}" }}]\n',
    )


def run(*arguments: str):
    return CliRunner().invoke(corpus, arguments)


def test_list_shows_what_is_cached_and_fetch_brings_it(tmp_path, index):
    """Lost: the commands `corpus list` and `corpus fetch`."""
    file, cache = corpus_of(tmp_path, index), str(tmp_path / "cache")
    before = orjson.loads(run("list", "--corpus", file, "--cache", cache, "--json").stdout)
    assert [(row["name"], row["cached"], row["python_lines"]) for row in before] == [
        ("shop", False, None),
        ("bad", False, None),
    ]
    done = run("fetch", "shop", "--corpus", file, "--cache", cache)
    assert (done.exit_code, done.stdout) == (0, f"1 repositories of mine are in {cache}\n")
    assert "shop: fetching shop-1.0.tar.gz" in done.stderr
    after = orjson.loads(run("list", "--corpus", file, "--cache", cache, "--json").stdout)
    assert [(row["name"], row["cached"], row["python_lines"]) for row in after] == [
        ("shop", True, 1),
        ("bad", False, None),
    ]
    table = run("list", "--corpus", file, "--cache", cache).stdout
    assert "shop" in table
    assert "1 of 2" in table


def test_one_bad_entry_is_a_line_and_the_others_are_fetched(tmp_path, index):
    """Lost: one withdrawn release would keep thirty repositories from being mined."""
    file, cache = corpus_of(tmp_path, index), str(tmp_path / "cache")
    done = run("fetch", "--corpus", file, "--cache", cache)
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == "1 of 2 repositories could not be fetched"
    assert "bad: the corpus says ISC, its licence file says MIT: not used" in done.stderr.splitlines()
    assert list((tmp_path / "cache" / "sources").glob("shop-1.1-*/complete.json"))


def test_a_name_that_the_corpus_does_not_have_is_one_line(tmp_path, index):
    """Lost: a typing mistake would fetch nothing without a word."""
    done = run("fetch", "shpo", "--corpus", corpus_of(tmp_path, index), "--cache", str(tmp_path / "cache"))
    assert str(done.exception) == "mine has no shpo; `punie-data corpus list` shows what it has"


def test_the_cache_is_where_the_user_says(tmp_path, index, monkeypatch):
    """Lost: PUNIE_DATA_CACHE would be ignored, and a small home folder filled."""
    monkeypatch.setenv("PUNIE_DATA_CACHE", str(tmp_path / "elsewhere"))
    assert run("fetch", "shop", "--corpus", corpus_of(tmp_path, index)).exit_code == 0
    assert list((tmp_path / "elsewhere" / "sources").iterdir())

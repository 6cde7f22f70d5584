"""Finding the one right file on a package index, and getting it whole."""

import hashlib
from collections.abc import Iterator
from urllib.request import Request

import pytest

from punie_data.corpus.index import Index, configured_index, files_of, moment
from punie_data.corpus.transport import NotFound, Page, Transport, _StayOnTheNet, shown
from punie_data.errors import UserError
from tests.package_index import PackageIndex, sdist, serving


@pytest.fixture(params=["json", "html"])
def index(request) -> Iterator[PackageIndex]:
    with serving(PackageIndex(style=request.param)) as served:
        yield served


def reader(index: PackageIndex) -> Index:
    return Index((index.url,), Transport(pause=0))


def test_exactly_that_version_is_found(index):
    """Lost: `shop==1.1` would fetch 1.10 or 1.1.dev1, and a dataset would name a release it was not mined from."""
    for version in ("1.0", "1.1", "1.10", "1.1.dev1", "1.1.post1"):
        index.add(f"shop-{version}.tar.gz", sdist("shop", version, {}), "2024-01-25T09:15:02.123456Z")
    index.add("shop-1.1-py3-none-any.whl", b"wheel")
    file = reader(index).sdist("shop", "1.1")
    assert (file.filename, file.released) == ("shop-1.1.tar.gz", "2024-01-25T09:15:02Z")
    assert file.url == f"{index.address}/files/shop-1.1.tar.gz"
    assert file.sha256 == hashlib.sha256(index.files["shop-1.1.tar.gz"]).hexdigest()


def test_spellings_of_one_name_and_version_are_the_same(index):
    """Near miss: the index spells `shop_cart` and `1.0`, people write `Shop.Cart` and `1.0.0`."""
    index.add("shop_cart-1.0.tar.gz", b"x")
    assert reader(index).sdist("Shop.Cart", "1.0.0").filename == "shop_cart-1.0.tar.gz"


def test_a_tar_is_preferred_to_a_zip_and_a_zip_to_nothing(index):
    """Lost: which of two archives was mined would hang on the order of a page."""
    index.add("Shop-1.0.zip", b"z")
    assert reader(index).sdist("shop", "1.0").filename == "Shop-1.0.zip"
    index.add("shop-1.0.tar.gz", b"t")
    assert reader(index).sdist("shop", "1.0").filename == "shop-1.0.tar.gz"


def test_a_version_that_is_not_there_is_one_line_that_names_the_latest(index):
    """Lost: the user would have to look up by hand what there is."""
    index.add("shop-1.0.tar.gz", b"x")
    index.add("shop-1.2.tar.gz", b"x")
    with pytest.raises(
        UserError, match=r"shop==9\.9: no such source distribution .* the latest are 1\.0, 1\.2$"
    ):
        reader(index).sdist("shop", "9.9")


def test_a_project_that_is_not_there_or_has_only_wheels_is_one_line(index):
    """Lost: a typing mistake would end in a traceback."""
    with pytest.raises(UserError, match="no source distribution of shpo"):
        reader(index).sdist("shpo", "1.0")
    index.add("wheelonly-1.0-py3-none-any.whl", b"x")
    with pytest.raises(UserError, match="no source distribution of wheelonly"):
        reader(index).sdist("wheelonly", "1.0")


def test_the_second_index_is_asked_when_the_first_does_not_have_it(index):
    """Lost: `extra-index-url`, by which companies add their own packages, would be ignored."""
    index.add("shop-1.0.tar.gz", b"x")
    both = Index((f"{index.address}/simple/nothing-here", index.url), Transport(pause=0))
    assert both.sdist("shop", "1.0").filename == "shop-1.0.tar.gz"


def test_a_file_index_is_read(tmp_path):
    """Lost: a machine without a network, with an index on its disk, could fetch nothing."""
    folder = tmp_path / "simple" / "shop"
    folder.mkdir(parents=True)
    (folder / "shop-1.0.tar.gz").write_bytes(b"content")
    (folder / "index.html").write_text('<a href="shop-1.0.tar.gz">shop-1.0.tar.gz</a>')
    local = Index(((tmp_path / "simple").as_uri(),), Transport(pause=0))
    file = local.sdist("shop", "1.0")
    local.transport.file(file.url, tmp_path / "got", "")
    assert (tmp_path / "got").read_bytes() == b"content"
    with pytest.raises(UserError, match="no source distribution"):
        local.sdist("other", "1.0")


def test_an_index_on_the_net_cannot_name_a_file_of_this_machine():
    """Lost: a hostile index could have any local file copied into the cache and mined."""
    html = b'<a href="file:///etc/shop-1.0.tar.gz">x</a><a href="shop-1.1.tar.gz">y</a>'
    listed = files_of(Page("https://index.example/simple/shop/", "text/html", html))
    assert [file.filename for file in listed] == ["shop-1.1.tar.gz"]


@pytest.mark.parametrize(
    ("target", "told"), [("file:///etc/hostname", "HTTP 302"), ("ftp://127.0.0.1/x", "redirected to 'ftp'")]
)
def test_a_redirect_off_the_web_is_refused(index, target, told):
    """Lost: the same, by another door."""
    index.redirects["/simple/shop/"] = target
    with pytest.raises(UserError, match=told):
        reader(index).sdist("shop", "1.0")


def test_a_redirect_from_https_to_http_is_refused():
    """Lost: whoever sits on the line could send another file, and the hash beside it. From http to http is the near miss."""
    follow = _StayOnTheNet().redirect_request
    with pytest.raises(UserError, match="redirected to 'http'"):
        follow(Request("https://index.example/a"), None, 302, "", {}, "http://index.example/b")
    assert follow(
        Request("http://index.example/a"), None, 302, "", {}, "http://index.example/b"
    ).full_url.endswith("/b")


def test_a_redirect_to_another_page_is_followed_and_links_are_relative_to_it(index):
    """Near miss: indexes redirect `/simple/Shop/` to `/simple/shop/` as a matter of course."""
    index.add("shop-1.0.tar.gz", b"x")
    index.redirects["/simple/old/"] = "/simple/shop/"
    file = next(iter(files_of(Transport(pause=0).page(f"{index.url}/old/", "*/*"))))
    assert file.url == f"{index.address}/files/shop-1.0.tar.gz"


def test_an_interrupted_download_is_tried_again_and_comes_out_whole(index, tmp_path):
    """Lost: a line that drops once would cost the user the whole fetch, or leave half a file."""
    content = sdist("shop", "1.0", {"a.py": "x" * 10_000})
    sha256 = index.add("shop-1.0.tar.gz", content)
    index.failures["/files/shop-1.0.tar.gz"] = ["cut", "503"]
    url = f"{index.address}/files/shop-1.0.tar.gz"
    assert Transport(pause=0).file(url, tmp_path / "d" / "got", sha256) == sha256
    assert (tmp_path / "d" / "got").read_bytes() == content
    assert index.requests.count("/files/shop-1.0.tar.gz") == 3


def test_a_download_that_never_ends_well_leaves_nothing(index, tmp_path):
    """Lost: half a file, left under its name, would be taken for the whole one by the next run."""
    sha256 = index.add("shop-1.0.tar.gz", b"x" * 10_000)
    index.failures["/files/shop-1.0.tar.gz"] = ["cut"] * 3
    with pytest.raises(UserError, match="check the network"):
        Transport(pause=0).file(f"{index.address}/files/shop-1.0.tar.gz", tmp_path / "d" / "got", sha256)
    assert list((tmp_path / "d").iterdir()) == []


def test_a_wrong_hash_leaves_nothing(index, tmp_path):
    """Lost: a file that somebody exchanged would be mined under the name of the right one."""
    index.add("shop-1.0.tar.gz", b"exchanged")
    with pytest.raises(UserError, match="not kept"):
        Transport(pause=0).file(f"{index.address}/files/shop-1.0.tar.gz", tmp_path / "d" / "got", "0" * 64)
    assert list((tmp_path / "d").iterdir()) == []


def test_not_found_is_an_answer_and_not_asked_again(index):
    """Near miss: 404 is no reason to try three times, 503 is."""
    with pytest.raises(NotFound):
        Transport(pause=0).page(f"{index.url}/absent/")
    assert index.requests == ["/simple/absent/"]


def test_an_index_that_cannot_be_reached_is_one_line_without_the_password():
    """Lost: a traceback, or a company's password in a bug report."""
    private = Index(("http://user:sesame@127.0.0.1:9/simple",), Transport(pause=0))
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:9/simple/shop/: .*check the network") as caught:
        private.sdist("shop", "1.0")
    assert "sesame" not in str(caught.value)


def test_a_page_that_is_no_index_is_one_line():
    """Lost: a captive portal that answers JSON would end in a traceback."""
    for body in (b"[]", b"{}", b'{"files": [{}]}', b"nonsense"):
        with pytest.raises(UserError, match="not a page of the simple repository API"):
            files_of(Page("https://index.example/simple/shop/", "application/json", body))


def test_the_index_comes_from_the_environment_before_the_files(tmp_path):
    """Lost: a user's own index would not be asked, and a name could be fetched from a stranger's."""
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://global.example/simple\ntimeout = 7\n[install]\nextra-index-url =\n    https://one.example/s\n    https://two.example/s\n"
    )
    from_file = configured_index({"PIP_CONFIG_FILE": str(file), "HOME": str(tmp_path)})
    assert from_file.urls == (
        "https://global.example/simple",
        "https://one.example/s",
        "https://two.example/s",
    )
    assert from_file.transport.timeout == 7
    environment = {
        "PIP_CONFIG_FILE": str(file),
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": "https://mine.example/simple",
    }
    assert configured_index(environment).urls[0] == "https://mine.example/simple"


def test_the_users_pip_configuration_is_found(tmp_path):
    """Lost: what works with pip would not work here."""
    for folder in (".pip", ".config/pip", "elsewhere/pip"):
        home = tmp_path / folder.replace("/", "-")
        (home / folder).mkdir(parents=True)
        (home / folder / "pip.conf").write_text("[global]\nindex_url = https://user.example/simple\n")
        environment = {"HOME": str(home)} | (
            {"XDG_CONFIG_HOME": str(home / "elsewhere")} if "else" in folder else {}
        )
        assert configured_index(environment).urls[0] == "https://user.example/simple"


def test_no_index_is_obeyed():
    """Lost: a machine that was told to stay off the net would go there."""
    with pytest.raises(UserError, match="no-index"):
        configured_index({"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"})


def test_without_configuration_the_default_is_pips():
    """Lost: on a fresh machine nothing could be fetched; the address itself is nowhere in this project."""
    from pip._internal.models.index import PyPI

    assert configured_index({"PIP_CONFIG_FILE": "/dev/null"}).urls == (PyPI.simple_url,)


def test_without_pip_the_default_is_read_from_the_wheel_that_ensurepip_carries(monkeypatch):
    """Lost: an environment made by uv or pipx has no pip, and every fetch would need PIP_INDEX_URL."""
    import sys

    from pip._internal.models.index import PyPI

    monkeypatch.setitem(sys.modules, "pip._internal.models.index", None)
    assert configured_index({"PIP_CONFIG_FILE": "/dev/null"}).urls == (PyPI.simple_url,)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(UserError, match="set PIP_INDEX_URL"):
        configured_index({"PIP_CONFIG_FILE": "/dev/null"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-25T09:15:02.999999Z", "2024-01-25T09:15:02Z"),
        ("2024-01-25T09:15:02+02:00", "2024-01-25T07:15:02Z"),
        ("2024-01-25T09:15:02", "2024-01-25T09:15:02Z"),
        ("", ""),
        ("yesterday", ""),
    ],
)
def test_times_are_utc_to_the_second(text, expected):
    """Lost: the same release would be a commit with another hash, depending on how the index writes a time."""
    assert moment(text) == expected


def test_a_url_is_shown_without_secrets():
    """Lost: tokens in user, password or query would reach the terminal."""
    assert shown("https://user:pass@host.example/simple/a?token=1") == "https://host.example/simple/a"

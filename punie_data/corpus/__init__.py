"""From a specification to a folder that can be mined, without running anyone's build, hooks or filters."""

from punie_data.corpus.cache import cache_folder
from punie_data.corpus.entry import Corpus, Entry, Release, load_corpus
from punie_data.corpus.fetch import cached, fetch_entry, resolve
from punie_data.corpus.licence import read_license
from punie_data.corpus.source import Source

__all__ = [
    "Corpus",
    "Entry",
    "Release",
    "Source",
    "cache_folder",
    "cached",
    "fetch_entry",
    "load_corpus",
    "read_license",
    "resolve",
]

"""Which releases an entry's folder is made of, and what the folder is called."""

import hashlib

from punie_data.chat import canonical
from punie_data.corpus.entry import Entry, Release

_LAYOUT = 2  # goes up when the same releases would become another folder


def all_releases(entry: Entry) -> tuple[Release, ...]:
    return entry.releases + ((entry.next,) if entry.next else ())


def folder_name(entry: Entry, releases: tuple[Release, ...]) -> str:
    """Names the folder by everything that its content depends on."""
    rows = [[release.version, release.sha256, release.released] for release in releases]
    facts = [_LAYOUT, entry.name, bool(entry.next), rows]
    digest = hashlib.sha256(canonical(facts)).hexdigest()[:12]
    return f"{entry.name}-{entry.releases[-1].version}-{digest}"

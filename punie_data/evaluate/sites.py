"""The repositories that a suite asks about, each at the revision at which its answers were found, with tools that really run there."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from punie_data.code.tree import snapshot
from punie_data.corpus import Source
from punie_data.errors import UserError
from punie_data.evaluate.queries import Query
from punie_data.generate.task import Site
from punie_data.generate.work import toolbox_of
from punie_data.tools.toolbox import Toolbox
from punie_data.verify import check_digest, site_of


class Sites:
    """Opened as `verify` opens them. UserError where a repository is not the one that the suite was made of; close it when done."""

    def __init__(
        self,
        asked: Iterable[Query],
        manifest: Mapping[str, Any],
        sources: Mapping[str, Source],
        cache: Path,
        allow_exec: bool,
        line: Callable[[str], None],
    ) -> None:
        self.allow_exec = allow_exec
        self._sites: dict[str, Site] = {}
        self._boxes: dict[str, Toolbox] = {}
        revisions: dict[str, str] = {}
        for query in asked:
            if revisions.setdefault(query.repo, query.revision) != query.revision:
                raise UserError(f"the suite asks about {query.repo} at two revisions: make it of one")
        entries = {entry["name"]: entry for entry in manifest.get("sources", ())}
        try:
            for name, revision in sorted(revisions.items()):
                self._sites[name] = self._opened(name, revision, entries.get(name), sources, cache, line)
        except BaseException:
            self.close()
            raise

    def _opened(
        self,
        name: str,
        revision: str,
        entry: Mapping[str, Any] | None,
        sources: Mapping[str, Source],
        cache: Path,
        line: Callable[[str], None],
    ) -> Site:
        if name not in sources:
            raise UserError(f"the suite asks about {name}: say where it is with --repo")
        source = sources[name]
        tree = snapshot(source.root, cache, source.immutable, line)
        try:
            now = (source.revision if source.immutable else "") or tree.head or f"tree:{tree.digest[:16]}"
            if entry is not None and "digest" in entry:
                check_digest(dict(entry), tree)
            elif now != revision:
                raise UserError(
                    f"{name} is not the one that the suite asks about: that was {revision}, this is {now}"
                )
            known = {"name": name, "revision": revision, "license": source.license,
                     "exec_requirements": list(source.exec_requirements), "pytest_arguments": list(source.pytest_arguments)}  # fmt: skip
            return site_of(known | dict(entry or {}), tree, cache, self.allow_exec, line)
        except BaseException:
            if tree.git is not None:
                tree.git.remove()
            raise

    def site(self, repo: str) -> Site:
        """The repository's files, which nobody may change, and its history."""
        return self._sites[repo]

    def toolbox(self, repo: str) -> Toolbox:
        """The tools over the repository: made when first asked for."""
        if repo not in self._boxes:
            self._boxes[repo] = toolbox_of(self._sites[repo])
        return self._boxes[repo]

    def close(self) -> None:
        for box in self._boxes.values():
            box.close()
        for site in self._sites.values():
            if site.git is not None:
                site.git.remove()
        self._boxes.clear()
        self._sites.clear()

    def __enter__(self) -> "Sites":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

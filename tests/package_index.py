"""A package index on this machine, for tests: source distributions made by hand, served over HTTP as an index would."""

import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson

MIT = """MIT License

Copyright (c) 2020 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files, to deal in it without restriction.

The above copyright notice and this permission notice shall be included in all copies.
"""


def tar_gz(files: Mapping[str, str | bytes | tarfile.TarInfo], time: int = 1_700_000_000) -> bytes:
    """An archive of `files`; a TarInfo as a value is put in as it is, without content."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
                continue
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), time, 0o600
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def sdist(name: str, version: str, files: Mapping[str, str | bytes], time: int = 1_700_000_000) -> bytes:
    """A source distribution with a licence file and `files` under its top folder."""
    top = f"{name}-{version}"
    return tar_gz({f"{top}/{path}": content for path, content in {"LICENSE": MIT, **files}.items()}, time)


@dataclass
class PackageIndex:
    """What the server serves, how it misbehaves, and what it was asked for."""

    style: str = "json"
    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)
    wrong_hash: set[str] = field(default_factory=set)
    failures: dict[str, list[str]] = field(
        default_factory=dict
    )  # path → "503", "cut" or "stall", one a request
    redirects: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.address}/simple"

    def add(self, filename: str, content: bytes, released: str = "") -> str:
        """Serve a file, and return its sha256."""
        self.files[filename] = content
        self.released[filename] = released
        return hashlib.sha256(content).hexdigest()

    def page(self, project: str) -> tuple[str, bytes] | None:
        rows = []
        for filename, content in self.files.items():
            named = filename.partition("-")[0] if filename.endswith(".whl") else filename.rpartition("-")[0]
            if named.replace("_", "-").lower() == project:
                shown = b"something else" if filename in self.wrong_hash else content
                rows.append((filename, hashlib.sha256(shown).hexdigest(), self.released[filename]))
        if not rows:
            return None
        if self.style == "json":
            listed = [
                {
                    "filename": name,
                    "url": f"../../files/{name}",
                    "hashes": {"sha256": sha256},
                    "upload-time": time or None,
                }
                for name, sha256, time in rows
            ]
            return "application/vnd.pypi.simple.v1+json", orjson.dumps(
                {"meta": {"api-version": "1.1"}, "files": listed}
            )
        links = "".join(
            f'<a href="/files/{name}#sha256={sha256}" data-requires-python="&gt;=3.8" data-upload-time="{time}">{name}</a><br/>'
            for name, sha256, time in rows
        )
        return "text/html; charset=utf-8", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()


@contextmanager
def serving(index: PackageIndex) -> Iterator[PackageIndex]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.requests.append(self.path)
            failure = (index.failures.get(self.path) or [""]).pop(0)
            if failure.isdigit():
                self.send_error(int(failure))
                return
            if self.path in index.redirects:
                self.send_response(302)
                self.send_header("Location", index.redirects[self.path])
                self.end_headers()
                return
            kind, body = "application/octet-stream", index.files.get(self.path.removeprefix("/files/"))
            if self.path.startswith("/simple/"):
                kind, body = index.page(self.path.split("/")[2]) or ("", None)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if failure else body)
            self.wfile.flush()
            if failure == "stall":
                index.stalled.set()
                index.release.wait(30)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.release.set()
        server.shutdown()
        server.server_close()


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file under `folder` with its bytes and its time: equal snapshots, untouched folder."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }

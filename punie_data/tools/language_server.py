"""A client for one warm `ty server`: JSON-RPC over its pipes, a timeout on every request, a clean end.

The server sees an empty home, no virtual environment of ours and a fixed platform, so that it answers alike on every machine.
Protocol: Language Server Protocol 3.17; positions there are 0-based and count UTF-16 code units.
"""

import os
import queue
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from punie_data.errors import ToolFailed, ToolUnavailable

# A project may tell ty to check a part of it only; who asks for uses and definitions means the whole project.
CONFIGURATION = {
    "configuration": {
        "environment": {"python-platform": "linux"},
        "src": {"include": ["**"], "exclude": ["!**"], "respect-ignore-files": False},
    }
}


class LanguageServer:
    """`with LanguageServer(root, environment) as server: server.request(method, params)`.

    ToolUnavailable when the server cannot start, does not answer within `timeout` seconds or dies.
    """

    def __init__(
        self, command: list[str], root: Path, environment: dict[str, str], timeout: float = 60.0
    ) -> None:
        self.root = root
        self.timeout = timeout
        self._last_id = 0
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=root,
                env=environment,
            )
        except OSError as error:
            raise ToolFailed(f"the language server does not start: {error}") from None
        threading.Thread(target=self._read, daemon=True).start()
        answer = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": root.as_uri(),
                "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                "capabilities": {
                    "workspace": {"configuration": True},
                    "textDocument": {
                        "hover": {"contentFormat": ["plaintext"]},
                        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
                    },
                },
            },
        )
        self.capabilities = answer.get("capabilities") if isinstance(answer, dict) else None
        self._send({"jsonrpc": "2.0", "method": "initialized", "params": {}})

    def request(self, method: str, params: dict[str, Any]) -> Any:
        """The result of one request, None where the server found nothing."""
        self._last_id += 1
        mine = self._last_id
        self._send({"jsonrpc": "2.0", "id": mine, "method": method, "params": params})
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                message = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.close()
                raise ToolFailed(
                    f"the language server did not answer {method} in {self.timeout:.0f} s"
                ) from None
            if message is None:
                self.close()
                raise ToolFailed("the language server died")
            if "method" in message:
                self._answer_server(message)
            elif message.get("id") == mine:
                if "error" in message:
                    raise ToolUnavailable(
                        f"the language server refused {method}: {message['error'].get('message')}"
                    )
                return message.get("result")

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def path(self, uri: str) -> str:
        """The path of a file URI below the root; typeshed's files as `typeshed/stdlib/…`, since their folder is the machine's."""
        path = Path(unquote(urlsplit(uri).path))
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            parts = path.parts
            if "vendored" in parts and "typeshed" in parts:
                return "/".join(("typeshed", *parts[parts.index("typeshed") + 2 :]))
            return path.name

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def __enter__(self) -> "LanguageServer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _answer_server(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            return
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [CONFIGURATION for _ in message["params"]["items"]]
        self._send({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def _send(self, message: dict[str, Any]) -> None:
        body = orjson.dumps(message)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self._process.stdin.flush()
        except OSError:
            raise ToolFailed("the language server died") from None

    def _read(self) -> None:
        """In a thread of its own, since only so a read can time out; None in the queue says that nothing more will come."""
        # No length, no JSON, a pipe closed under us: whatever it is, it is not our server any more.
        with suppress(ValueError, OSError):
            self._read_messages()
        self._answers.put(None)

    def _read_messages(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not line:
                break
            body = stream.read(length)
            if len(body) < length:
                break
            message = orjson.loads(body)
            if not isinstance(message, dict):
                raise ValueError
            self._answers.put(message)

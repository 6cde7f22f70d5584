"""A real HTTP server that answers what a test tells it to (what an endpoint may do wrong, it does), and the schema of what `evaluate` makes of it."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

Reply = Callable[[dict[str, Any], int], tuple[int, Any]]
"""(the request's body, how many came before it) → (status, JSON or bytes). What is raised breaks the connection."""


def completion(content: str | None = "It is.", model: str = "shop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    return {
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message} | more.pop("choice", {})],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        **more,
    }


@contextmanager
def serving(reply: Reply, models: Any = ("shop",)) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The URL to ask, and the list of requests (path, headers, body) as they come. `models` are listed; None answers 404, bytes are sent as they are."""
    seen: list[dict[str, Any]] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if models is None:
                self._send(404, b"Not Found")
            else:
                listed = models if isinstance(models, bytes) else {"data": [{"id": name} for name in models]}
                self._send(200, listed)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(seen)
                seen.append({"path": self.path, "headers": dict(self.headers), "body": body})
            self._send(*reply(body, number))

        def _send(self, status: int, what: Any) -> None:
            data = what if isinstance(what, bytes) else json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: Any) -> None:
            """A broken connection is what the test wanted."""

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def conforms(summary: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    """Whether both are what the schema says."""
    schema = orjson.loads((Path(__file__).parent.parent / "schemas" / "evaluation.schema.json").read_bytes())
    for row in rows:
        jsonschema_rs.validate(schema, row)
    jsonschema_rs.validate({"$ref": "#/$defs/summary", "$defs": schema["$defs"]}, summary)

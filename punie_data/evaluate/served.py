"""A model behind a real `mlx_lm.server` on this machine's loopback, for as long as a block lasts."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from punie_data.errors import UserError
from punie_data.evaluate.requests import NoAnswer, Server

STARTS = 300.0
"""Seconds until a server must answer: a large model is long in loading."""
LOADED = "default_model"
"""By this name the server means what it was started with. Asked for the model's own folder it would load that anew, and without the adapter."""


@contextmanager
def serving(model: Path, adapter: Path | None = None, timeout: float = 300.0) -> Iterator[Server]:
    """The server, once it answers. It is asked nothing of any hub. UserError where it doesn't start."""
    if find_spec("mlx_lm") is None:
        raise UserError("serving an MLX model needs mlx-lm: pip install 'punie-data[train]'")
    with tempfile.TemporaryDirectory(prefix="punie-data-served-") as folder:
        Path(folder, "hub").mkdir()
        port = _free_port()
        command = [sys.executable, "-m", "mlx_lm.server", "--model", str(model.resolve()), "--host", "127.0.0.1", "--port", str(port), "--log-level", "WARNING"]  # fmt: skip
        command += ["--adapter-path", str(adapter.resolve())] if adapter else []
        environment = os.environ | {"HF_HOME": folder, "HF_HUB_OFFLINE": "1"}
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield _answering(
                process, Server(f"http://127.0.0.1:{port}/v1", timeout=timeout), Path(folder, "log")
            )
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answering(process: subprocess.Popen[bytes], server: Server, log: Path) -> Server:
    asked = Server(server.url, timeout=5.0, attempts=1)
    deadline = time.monotonic() + STARTS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            asked.ask("GET", "/models")
        except NoAnswer:
            time.sleep(0.1)
        else:
            return server
    said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    raise UserError(f"mlx_lm.server does not start: {said[-1] if said else 'it does not answer'}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

"""The first thing that runs inside the sandbox: it copies the project, gives up rights, sets limits, and becomes the command.

It is started by path, under a bare interpreter, so it imports nothing but the standard library and nothing of ours.
Arguments: settings as JSON, then the command. `status` is a pipe on which it says "started", or what went wrong.
"""

import contextlib
import json
import os
import resource
import shutil
import signal
import sys

SNAPSHOT = "/snapshot"
DATE = 1_735_689_600  # the first second of 2025


def main(settings: dict[str, object], command: list[str]) -> int:
    status = int(str(settings["status"]))
    os.set_inheritable(status, False)
    try:
        shutil.copytree(SNAPSHOT, ".", symlinks=True, dirs_exist_ok=True, copy_function=shutil.copy)
        own(None if settings["user"] is None else int(str(settings["user"])))
        limit(dict(settings["limits"]))  # type: ignore[call-overload]
        os.chdir(str(settings["folder"]))
    except (OSError, shutil.Error, ValueError) as error:
        os.write(status, f"the sandbox is not ready: {error}".encode()[:4000])
        return 125
    os.write(status, b"started")
    # Python ignores these two; a program expects to be ended by them.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        print(f"{command[0]}: command not found", flush=True)
        return 127
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)
        return 126


def own(user: int | None) -> None:
    """Date the copy, so that it looks the same on every run; give it to `user` and be that user, with no way back to root's rights."""
    paths = [
        ".",
        *(f"{folder}/{name}" for folder, folders, files in os.walk(".") for name in [*folders, *files]),
    ]
    for path in paths:
        os.utime(
            path, (DATE, DATE), follow_symlinks=False
        )  # first: what is another's, root may not date without more rights
        if user is not None:
            os.chown(path, user, user, follow_symlinks=False)
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def limit(limits: dict[str, int]) -> None:
    """Set limits by the names of the `resource` module, each for the process and all that come from it."""
    for name, value in limits.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            with contextlib.suppress(ValueError):  # an outer limit is lower already
                resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))

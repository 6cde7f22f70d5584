"""Try again when something outside the shop fails for a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def retry(
    attempts: int, on: type[Exception], pause: float = 0.0
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Have an async function called up to `attempts` times while it raises `on`."""

    def decorate(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(function)
        async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            for _ in range(attempts - 1):
                try:
                    return await function(*args, **kwargs)
                except on:
                    await asyncio.sleep(pause)
            return await function(*args, **kwargs)

        return wrapper

    return decorate

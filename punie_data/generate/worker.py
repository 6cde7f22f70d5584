"""Where worker processes begin: what mining needs takes a quarter of a second to import, and the parent never needs it."""

import gc

from punie_data.generate.task import Mining, Reading


def work(task: Reading | Mining) -> object:
    gc.disable()  # nothing that is imported is garbage
    try:
        from punie_data.generate.work import work as do
    finally:
        gc.enable()
    return do(task)

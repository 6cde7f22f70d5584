"""The memory of a training on a processor: see punie_data/train/allocator.py."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import mlx.core as mx
from contextlib import nullcontext
from punie_data.train.allocator import kept_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def step():
    mx.eval([mx.ones((16, 1 << 20)) for _ in range(4)])

def resident():
    return int(open("/proc/self/statm").read().split()[1])

mx.set_default_device(mx.cpu)
with kept_memory() if sys.argv[1] == "kept" else nullcontext():
    step()
    step()
    before = faults()
    for _ in range(4):
        step()
    taken, held = faults() - before, resident()
print(taken, held, resident())
"""


def pages(how: str) -> list[int]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
def test_a_step_has_the_memory_of_the_one_before() -> None:
    """Else a training of gigabytes a step has them cleared by the kernel each time; and else what follows the training finds the memory taken."""
    usual, kept = pages("usual"), pages("kept")
    assert kept[0] < usual[0] / 10, (usual, kept)
    assert kept[2] < kept[1] - 20_000, kept

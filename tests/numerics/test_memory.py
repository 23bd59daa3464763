"""Memory as the system counts it, of this process and of others that it starts."""

import platform
import subprocess
import sys

import pytest

from netaudit.numerics import memory


def test_the_peak_is_this_process_s_own():
    pytest.importorskip("resource")
    ballast = bytearray(300_000_000)
    ballast[::4096] = b"1" * len(ballast[::4096])
    assert memory.peak_memory() > 300_000_000
    child = "from netaudit.numerics import memory; print(memory.peak_memory())"
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
    assert 5_000_000 < int(done.stdout) < 200_000_000


RELEASE = """
import numpy as np
from netaudit.numerics import memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

del (large := [np.ones(4_000_000)])[:]  # once a piece of 32 MB is freed, glibc takes its like from the heap
pieces = [np.ones(500_000) for _ in range(50)]
pins = pieces[::10]
del pieces
before = resident()
memory.release_memory()
print(before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what was freed")
def test_freed_memory_goes_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", RELEASE], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 100_000_000  # 45 pieces of 4 MB

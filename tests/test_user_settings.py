"""What a user has set changes no number of an audit and is as it was afterwards: PyTorch's settings, threads, state."""

import logging
import os
import random
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

import netaudit
from netaudit.auditing.torch_settings import settled

OPTIONS = {"nulls": "none", "analyses": ["shadow_inversion", "labels_back", "singular_law"]}


@contextmanager
def default_dtype(dtype):
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def default_device(name):
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def precision(name):
    torch.set_float32_matmul_precision(name)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision("highest")


@contextmanager
def products_in_bfloat16():
    """By the newer of the two ways that PyTorch has; the older one cannot even be asked meanwhile."""
    products = (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)
    before = [each.fp32_precision for each in products]
    for each, value in zip(products, ("tf32", "bf16"), strict=True):
        each.fp32_precision = value
    try:
        yield
    finally:
        for each, value in zip(products, before, strict=True):
            each.fp32_precision = value


SETTINGS = {
    "float64": lambda: default_dtype(torch.float64),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "meta": lambda: default_device("meta"),
    "in a device": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "inference": torch.inference_mode,
    "medium": lambda: precision("medium"),
    "bfloat16 products": products_in_bfloat16,
    "errors": lambda: np.errstate(all="raise"),
    "deterministic": lambda: default_dtype(torch.float64),
}


def old_precision():
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:  # the newer way is in use
        return None


def state():
    """All that an audit could leave changed."""
    return {
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "precision": old_precision(),
        "products": (torch.backends.cuda.matmul.fp32_precision, torch.backends.mkldnn.matmul.fp32_precision),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")),
        "modes": (torch.is_inference_mode_enabled(), torch.is_grad_enabled()),
        "threads": torch.get_num_threads(),
        "random": (torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())),  # noqa: NPY002
        "numpy": (np.geterr(), np.get_printoptions()),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
        "process": (dict(os.environ), Path.cwd(), sys.excepthook),
    }


@pytest.fixture(scope="module")
def network():
    generator = torch.Generator().manual_seed(0)
    return {
        "0.weight": torch.randn(40, 30, generator=generator), "0.bias": torch.randn(40, generator=generator),
        "2.weight": torch.randn(5, 40, generator=generator), "2.bias": torch.randn(5, generator=generator),
    }  # fmt: skip


@pytest.fixture(scope="module")
def expected(network):
    """The JSON without any settings; what an audit imports, and that changes by itself, is imported from then on."""
    return {one: netaudit.audit(network, **OPTIONS, deterministic=one).to_json() for one in (True, False)}


@pytest.mark.parametrize("name", SETTINGS)
def test_no_setting_changes_the_json_or_is_changed(network, expected, name):
    with SETTINGS[name]():
        before = state()
        found = netaudit.audit(network, **OPTIONS, deterministic=name == "deterministic").to_json()
        after = state()
    assert after == before
    assert found == expected[name == "deterministic"]


def test_a_module_made_and_audited_in_float64_by_default_is_the_same(mlp):
    expected = netaudit.audit(mlp, **OPTIONS).to_json()
    with default_dtype(torch.float64):
        assert netaudit.audit(mlp, **OPTIONS).to_json() == expected


def test_settings_are_back_after_an_error():
    with default_dtype(torch.float64), torch.autocast("cpu", torch.bfloat16):
        before = state()
        with pytest.raises(netaudit.NetauditError):
            netaudit.audit("no-such-network", deterministic=True)
        assert state() == before


def test_audits_in_several_threads_restore_what_was_set_before_the_first():
    inside, entered = [], []

    @settled
    def audit(wait_for):
        entered.append(True)
        while len(entered) < wait_for:
            pass
        inside.append(torch.get_default_dtype())

    with default_dtype(torch.float64), ThreadPoolExecutor(3) as pool:
        list(pool.map(audit, [3, 3, 3]))
        assert torch.get_default_dtype() == torch.float64
    assert inside == [torch.float32] * 3


CODE = """
import hashlib, sys, torch, netaudit
torch.set_num_threads(int(sys.argv[1]))
generator = torch.Generator().manual_seed(0)
shapes = [(520, 520), (9, 520), (5, 9)]
state = {f"{i}.weight": torch.randn(shape, generator=generator) for i, shape in enumerate(shapes)}
state["0.weight"][:300] = 0
state["1.weight"][1] = state["1.weight"][0]
analyses = ["special_weights", "singular_law", "shadow_inversion", "labels_back"]
report = netaudit.audit(state, nulls="none", analyses=analyses, deterministic=True)
print(report.provenance.threads, hashlib.sha256(report.to_json().encode()).hexdigest())
"""


def test_one_thread_gives_the_same_bytes_whatever_is_set_outside():
    """A layer that is prepared in threads of Python, one that is special, and sides below 10, in real processes."""
    outside = [
        {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Asia/Tokyo"},
        {"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "2", "OPENBLAS_NUM_THREADS": "2"},
        {"OMP_NUM_THREADS": "4", "PYTHONHASHSEED": "3", "OPENBLAS_NUM_THREADS": "4", "COLUMNS": "40"},
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, each["OMP_NUM_THREADS"]],
            env={**os.environ, **each}, stdout=subprocess.PIPE, text=True,
        )
        for each in outside
    ]  # fmt: skip
    printed = {process.communicate()[0] for process in processes}
    assert len(printed) == 1
    assert printed.pop().startswith("1 ")

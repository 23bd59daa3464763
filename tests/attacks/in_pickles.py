"""Pickles that run code in other readers, or that scanners pass: in files of torch.save, old and new, and alone."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from attack import GOOD, RAN, Attack, written
from handmade_checkpoint import Call, Member, Storage, legacy_file, pickled, zip_file
from torch._utils import _rebuild_tensor_v2

GOOD_BYTES = GOOD.tobytes()
PLACE = "to be replaced"


def good() -> Any:
    row = Storage(torch.FloatStorage, "0", GOOD.size)
    return Call(_rebuild_tensor_v2, row, 0, GOOD.shape, (4, 1), False, None)


def with_payload(data: bytes, payload: bytes) -> bytes:
    """A pickle of protocol 2 with the opcodes of the payload where the text was."""
    text = PLACE.encode()
    written_as = b"X" + struct.pack("<I", len(text)) + text
    assert written_as in data
    return data.replace(written_as, payload)


def archive(payload: bytes, others: Mapping[str, bytes] = {}, **headers: Any) -> bytes:
    index = with_payload(pickled({"good.weight": good(), "evil": PLACE})[0], payload)
    members = [Member("net/data.pkl", index, **headers), Member("net/version", b"3"), Member("net/data/0", GOOD_BYTES)]
    return zip_file([*members, *(Member(name, data) for name, data in others.items())])


def old(payload: bytes) -> bytes:
    return with_payload(legacy_file({"good.weight": good(), "evil": PLACE}, {"0": GOOD_BYTES}), payload)


def alone(payload: bytes) -> bytes:
    return with_payload(pickle.dumps({"evil": PLACE}, 2), payload)


def call(module: str, name: str, *arguments: str) -> bytes:
    """The opcodes of a call by a global."""
    return f"c{module}\n{name}\n(".encode() + b"".join(f"V{text}\n".encode() for text in arguments) + b"tR"


TOUCH = f"touch ../{RAN}"
WRITE = f"open('../{RAN}', 'w')"
RUNS = {
    "a global": call("os", "system", TOUCH),
    "the module behind it": call("posix", "system", TOUCH),
    "Python 2's name": call("__builtin__", "eval", WRITE),
    "exec": call("builtins", "exec", WRITE),
    "a process": call("subprocess", "check_output", "touch", f"../{RAN}"),
    "by the stack": b"\x8c\x02os\x8c\x06system\x93(V" + TOUCH.encode() + b"\ntR",
    "by the memo": b"\x8c\x02os\x940\x8c\x06system\x940h\x63h\x64\x93".replace(b"\x94", b"q\x63", 1).replace(
        b"\x94", b"q\x64", 1
    )
    + b"(V"
    + TOUCH.encode()
    + b"\ntR",
    "an instance": b"(V" + TOUCH.encode() + b"\nios\nsystem\n",
    "an object": b"(cos\nsystem\nV" + TOUCH.encode() + b"\no",
    "a new object": b"cos\nsystem\n(V" + TOUCH.encode() + b"\nt\x81",
    "a new object with names": b"cos\nsystem\n(V" + TOUCH.encode() + b"\nt}\x92",
}
# Callables with which other tools' lists of forbidden names were passed; a list of allowed ones has no such gaps.
GADGETS = (
    *("pip main", "timeit timeit", "bdb Bdb.run", "cProfile run", "doctest debug_script", "code InteractiveConsole"),
    *("asyncio.unix_events _UnixSubprocessTransport._start", "idlelib.run Executive.runcode", "trace Trace.run"),
    *("torch.jit.unsupported_tensor_ops execWrapper", "torch.utils._config_module load_config", "_pyrepl.main run"),
    *("torch.utils.bottleneck.__main__ run_cprofile", "torch.fx.experimental.symbolic_shapes ShapeEnv.evaluate"),
    *("numpy.testing._private.utils runstring", "numpy.f2py.crackfortran getlincoef", "lib2to3.pgen2.pgen main"),
    *(
        "functools partial",
        "operator methodcaller",
        "builtins getattr",
        "webbrowser open",
        "ssl get_server_certificate",
    ),
    *("linecache getlines", "distutils.file_util write_file", "logging.config dictConfig", "pydoc pipepager"),
    *("importlib import_module", "ensurepip _run_pip", "cloudpickle.cloudpickle _make_function", "dill._dill loads"),
)
ODD: Mapping[str, tuple[str, Callable[[], bytes], str]] = {
    "an extension's code": ("copyreg", lambda: archive(b"\x82\x01"), ""),
    "a buffer from outside": ("PEP 574", lambda: archive(b"\x97"), ""),
    "items of a tensor": ("CVE-2026-24747", lambda: archive(b"h\x01K\x00K\x01s"), "not a checkpoint"),
    "a persistent id that is a path": (
        "ours",
        lambda: archive(b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nV../../etc/passwd\nVcpu\nK\x04tQ"),
        "",
    ),
    "a number of a million digits": (
        "CVE-2020-10735",
        lambda: archive(b"I" + b"9" * 10**6 + b"\n"),
        "not a checkpoint",
    ),
    "text longer than the file": ("ours", lambda: archive(b"\x8d" + struct.pack("<Q", 2**60)), "refused|not a check"),
    "100,000 lists in each other": ("stack", lambda: archive(b"]" * 100_000 + b"a" * 99_999), ""),
    "lists that double 200 times": ("billion laughs", lambda: archive(b"]q\x63" + b"(h\x63h\x63lq\x63" * 200), ""),
    "a pickle that breaks behind its call": (
        "nullifAI, 2025",
        lambda: archive(call("os", "system", TOUCH) + b"\xff"),
        "not a checkpoint|asks to run",
    ),
}


def torchscript(folder: Path) -> Path:
    """A scripted module with other code in it."""
    module = torch.nn.Sequential(OrderedDict(good=torch.nn.Linear(4, 5, bias=False)))
    module.good.weight.data = torch.from_numpy(GOOD.copy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.script(module).save(folder / "a.pt")
    with zipfile.ZipFile(folder / "a.pt") as old_file:
        members = {name: old_file.read(name) for name in old_file.namelist()}
    code = f"import os\nos.system('{TOUCH}')\n".encode()
    members = {name: code if name.endswith(".py") else data for name, data in members.items()}
    (folder / "a.pt").write_bytes(zip_file([Member(name, data) for name, data in members.items()]))
    return folder / "a.pt"


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in ("storages", "tensors", "pickle"):
            info = tarfile.TarInfo(name)
            data = call("os", "system", TOUCH) + b"."
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def objects(folder: Path) -> Path:
    """An archive of NumPy, one array of which is pickled."""
    import numpy as np

    header = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}".ljust(117) + b"\n"
    np.savez(folder / "a.npz", **{"good.weight": GOOD})
    with zipfile.ZipFile(folder / "a.npz", "a") as archive_:
        archive_.writestr("evil.weight.npy", header + call("os", "system", TOUCH) + b".")
    return folder / "a.npz"


def nested() -> bytes:
    """A tensor in 200 dicts beside the good one."""
    value: Any = {"w": good()}
    for _ in range(200):
        value = {"x": value}
    index = pickled({"good.weight": good(), "deep": value})[0]
    return zip_file([Member("net/data.pkl", index), Member("net/version", b"3"), Member("net/data/0", GOOD_BYTES)])


def attacks() -> Iterator[Attack]:
    for name, payload in RUNS.items():
        for kind, make in (("archive", archive), ("old", old), ("alone", alone)):
            yield Attack(f"pickle: {name}, {kind}", "pickle", written("a.pt", make(payload)), refused="asks to run `")
    for gadget in GADGETS:
        module, name = gadget.split()
        payload = call(module, name, TOUCH)
        yield Attack(
            f"pickle: {gadget}", "picklescan", written("a.pt", archive(payload)), said=f"none of whose.*{name}"
        )
        yield Attack(f"pickle: {gadget}, alone", "picklescan", written("a.pkl", alone(payload)), "holds no tensors")
    for name, (known, data, refused) in ODD.items():
        yield Attack(f"pickle: {name}", known, written("a.pt", data()), refused)
    deep = "what lies in containers nested more than 100 deep"
    yield Attack("pickle: a tensor in 200 dicts", "stack", written("a.pt", nested()), said=deep)
    run = call("os", "system", TOUCH)
    yield Attack("pickle: code of TorchScript", "torch.jit.load", torchscript, said="its code is not")
    yield Attack("pickle: a tar archive", "CVE-2025-32434", written("a.pt", tarred()), "a tar archive.*refused")
    yield Attack(
        "pickle: a second one", "picklescan", written("a.pkl", pickle.dumps({}) + run + b"."), "holds no tensors"
    )
    yield Attack("pickle: an array of objects", "CVE-2019-6446", objects, said="not a parameter|pickled: not read")
    wrong = archive(run, checksum=7)
    yield Attack("pickle: a wrong checksum", "CVE-2025-10156", written("a.pt", wrong), "asks to run `os.system`")
    beside = archive(b"N", {"net/evil.pkl": run + b".", "net/config.p": run + b"."})
    yield Attack("pickle: under other names beside", "CVE-2025-1889", written("a.pt", beside))
    yield Attack("pickle: in 7z", "nullifAI, 2025", written("a.pt", b"7z\xbc\xaf\x27\x1c" + run), "not a checkpoint")

"""Shared by all tests: no test may reach the network beyond this machine; a server on it; small networks and data."""

import hashlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as the command does, and as it must: before PyTorch is loaded
if "PYTEST_XDIST_WORKER" in os.environ:  # a worker a core: threads of two workers would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from torch import nn


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Every test, and every fixture, draws the same numbers in any order: a verdict at its limit would come and go."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch):
    connect = socket.socket.connect

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else "local"
        if host not in ("127.0.0.1", "localhost", "::1", "local"):
            raise OSError(f"a test tried to reach {host}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


class Server:
    """A web server on the loopback interface that can misbehave.

    Serves ``files`` by path; ``cut`` paths announce more than they send, ``silent`` ones never answer, and those that
    are ``refused`` give a status and headers. ``commit`` is what a hub says that every file is of.
    """

    def __init__(self):
        self.files = {}
        self.cut = set()
        self.silent = set()
        self.refused = {}
        self.commit = "0" * 40
        self.requests = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self._answer(body=False)

            def do_GET(self):
                self._answer(body=True)

            def _answer(self, body):
                server.requests.append(f"{self.command} {self.path}")
                if self.path in server.silent:
                    time.sleep(3)
                    return
                data = server.files.get(self.path)
                if data is None:
                    status, headers = server.refused.get(self.path, (404, {}))
                    self.send_response(status)
                    for name, value in {"Content-Length": "0", **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(data) + (100 if self.path in server.cut else 0)))
                self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
                self.send_header("X-Repo-Commit", server.commit)
                self.end_headers()
                if body:
                    self.wfile.write(data)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self):
        """Shut down; a new connection is refused from then on."""
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server():
    served = Server()
    yield served
    served.stop()


@pytest.fixture
def mlp():
    """A ReLU network with a known seed: 64-96-80-10, PyTorch's default (uniform) initialisation."""
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.5), nn.Linear(96, 80), nn.ReLU(), nn.Linear(80, 10)
    )
    with torch.no_grad():
        for parameter in net.parameters():
            bound = parameter.shape[-1] ** -0.5
            parameter.uniform_(-bound, bound, generator=generator)
    return net


@pytest.fixture
def mnist_root(tmp_path):
    """A data root with an MNIST of 300 training and 100 test images: a bright bar whose row tells the class."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    random = np.random.default_rng(0)
    for part, size in (("train", 300), ("t10k", 100)):
        y = np.arange(size, dtype=np.uint8) % 10
        x = random.integers(0, 60, (size, 28, 28), dtype=np.uint8)
        for image, label in zip(x, y, strict=True):
            image[2 * label + 3 : 2 * label + 6] = 250
        (raw / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, size, 28, 28) + x.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, size) + y.tobytes())
    return tmp_path / "data"


@pytest.fixture(scope="session")
def run_python() -> Callable[[str], str]:
    """Run code in a fresh interpreter and return what it wrote, errors included."""

    def run(code: str) -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    return run

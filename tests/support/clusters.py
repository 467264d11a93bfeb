"""Real clusters of two workers on this machine."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.project import REPOSITORY

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A free port, above those of Ray's workers."""
    for port in range(26000 + os.getpid() % 3000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


@contextmanager
def running(*command: str, log: Path, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A background process with its output in a file; terminated at the end of the block."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def dask_worker(address: str, log: Path, *options: str, **environment: str) -> Iterator[None]:
    """One Dask worker, restarted by its nanny when it dies."""
    one = ("--host", LOOPBACK, "--no-dashboard", "--local-directory", str(log.parent / "dask"))
    options = options or ("--nthreads", "1")
    with running("dask", "worker", address, *one, *options, log=log, **environment):
        yield


@contextmanager
def dask_cluster(folder: Path) -> Iterator[str]:
    """A Dask scheduler with two workers of one core; gives its address."""
    port = str(free_port())
    scheduler = ("dask", "scheduler", "--host", LOOPBACK, "--port", port, "--no-dashboard")
    address = f"tcp://{LOOPBACK}:{port}"
    with (
        running(*scheduler, log=folder / "scheduler.log"),
        dask_worker(address, folder / "worker-1.log"),
        dask_worker(address, folder / "worker-2.log"),
    ):
        wait_for_dask(address, 2)
        yield address


def wait_for_dask(address: str, num_workers: int) -> None:
    """Wait until a scheduler has so many workers."""
    from distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        deadline = time.monotonic() + 60
        while len(client.nthreads()) != num_workers:
            assert time.monotonic() < deadline, f"{client.nthreads()}, not {num_workers} workers"
            time.sleep(0.05)


@contextmanager
def ray_cluster(folder: Path) -> Iterator[str]:
    """Two Ray nodes of one core, and a connection of this process; gives the address."""
    import ray

    port = free_port()
    address = f"{LOOPBACK}:{port}"
    own = Path(tempfile.mkdtemp(prefix="ray-"))  # its sockets need a short path
    common = ("--block", "--num-cpus", "1", "--disable-usage-stats", "--object-store-memory",
              "80000000", "--node-ip-address", LOOPBACK)  # fmt: skip
    head = ("--head", "--port", str(port), "--temp-dir", str(own), "--include-dashboard", "false")
    try:
        with running("ray", "start", *head, *common, log=folder / "head.log"):
            while not can_connect(port):
                time.sleep(0.1)
            with running("ray", "start", "--address", address, *common, log=folder / "node.log"):
                ray.init(address, log_to_driver=False, logging_level="ERROR")
                while ray.cluster_resources().get("CPU") != 2:
                    time.sleep(0.1)
                yield address
                ray.shutdown()
    finally:
        shutil.rmtree(own, ignore_errors=True)


def can_connect(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), 1).close()
    except OSError:
        return False
    return True

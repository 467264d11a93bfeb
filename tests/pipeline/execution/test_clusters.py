"""Dask and Ray clusters write the bytes that local workers write; lost workers lose nothing."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import joblib
import pytest
import torch

from pipeline import models
from pipeline.errors import SettingsError, StageError
from pipeline.execution.cluster import dask_backend
from pipeline.execution.cluster.cluster import PACKAGES
from pipeline.execution.cluster.environment import Environment
from pipeline.execution.pool import _run_far, run_tasks
from pipeline.params import Params
from pipeline.settings import MachineSettings
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.storage.paths import DatasetPaths
from tests.support import clusters, tasks
from tests.support.clusters import LOOPBACK, free_port
from tests.support.project import REPOSITORY, machine, make_project, run_stages, tree, write_params

torch.set_num_threads(1)  # like the workers of a cluster

CLUSTERS = {"dask": clusters.dask_cluster, "ray": clusters.ray_cluster}
CORRUPTIONS = ("fog", "h265_crf")
SMALL = {"severities": [1, 5]}
OUTPUTS = ("data/demo/clean", "data/demo/corrupted", "manifests/demo")
PREDICTED = ("data/demo/evaluate", "manifests/demo/predictions")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project made by local workers."""
    root = tmp_path_factory.mktemp("local")
    run_stages(make_project(root, **SMALL), root, CORRUPTIONS)
    return root


@pytest.fixture(scope="module")
def evaluated(local: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, and predictions of its shards made by one process."""
    root = tmp_path_factory.mktemp("evaluated") / "project"
    shutil.copytree(local, root)
    (root / "marks").mkdir()
    torch.manual_seed(1)
    weights = DatasetPaths(root, "demo").weights("tiny_r2plus1d")
    weights.parent.mkdir(parents=True)
    torch.save(models.load("tiny_r2plus1d").build(2).state_dict(), weights)
    with pytest.raises(SettingsError, match=ONE_FAILS):
        evaluate(write_params(root, **with_models(root)), root, "demo")
    return root


ONE_FAILS = (
    r"'tests.support.own_model:not_a_number': logits are NaN(?s:.)*other models are complete"
)


def with_models(marks: Path) -> dict[str, Any]:
    """Settings of a network, of a model that announces its process, and of one that fails."""
    spec = {"frames": 4, "size": 40, "mean": [0.45] * 3, "std": [0.2] * 3}
    own = "tests.support.own_model"
    return SMALL | {
        "corruptions": list(CORRUPTIONS),
        "models": {
            "demo": {
                "announced": {
                    "model": f"{own}:announced",
                    "options": {"folder": str(marks / "marks")},
                    "input": spec,
                },
                "failing": {"model": f"{own}:not_a_number", "input": spec},
            }
        },
    }


def on(cluster: tuple[str, str], workers: int = 0) -> MachineSettings:
    backend, address = cluster
    return machine(backend=backend, address=address, workers=workers)


def sources(local: Path, root: Path, **machine: object) -> Params:
    """A copy of the project's inputs; gives its parameters."""
    for folder in ("data/demo/videos", "data/demo/annotations", "manifests/classes"):
        shutil.copytree(local / folder, root / folder)
    return write_params(root, machine=machine, **SMALL)


def same_bytes_as_local_workers(cluster: tuple[str, str], local: Path, tmp_path: Path) -> None:
    backend, address = cluster
    run_stages(
        sources(local, tmp_path, backend=backend, address=address, workers=0), tmp_path, CORRUPTIONS
    )
    for folder in OUTPUTS:
        assert tree(tmp_path / folder) == tree(local / folder)
    assert not list((tmp_path / "data/demo").glob(".*.tmp"))


def shards_of_a_killed_worker_are_done_by_another(
    cluster: tuple[str, str], local: Path, tmp_path: Path
) -> None:
    backend, address = cluster
    sources(local, tmp_path, backend=backend, address=address)
    for folder in ("data/demo/clean", "manifests/demo"):
        shutil.copytree(local / folder, tmp_path / folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "corrupt", "-d", "demo", "-c", "h265_crf"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    folder = tmp_path / "data/demo/corrupted/h265_crf"
    killed = None
    while killed is None and process.poll() is None:
        for temporary in folder.rglob(".*.tar.*.tmp"):
            found = re.search(r"-(\d+)-[0-9a-f]{8}\.tmp$", temporary.name)
            assert found is not None
            killed = int(found[1])
        time.sleep(0.005)
    assert killed is not None, "the run was not caught in the middle of a shard"
    assert killed != process.pid
    os.kill(killed, signal.SIGKILL)
    assert process.wait(120) == 0
    for severity in SMALL["severities"]:
        assert tree(folder / str(severity)) == tree(
            local / f"data/demo/corrupted/h265_crf/{severity}"
        )


def results_are_in_order_and_come_from_the_cluster(
    cluster: tuple[str, str], local: Path, tmp_path: Path
) -> None:
    there = on(cluster)
    results = run_tasks(tasks.square, range(20), there, "square", shared=[tmp_path])
    assert list(results) == [n * n for n in range(20)]
    processes = run_tasks(tasks.process_id, range(4), there, "who", shared=[tmp_path])
    assert os.getpid() not in set(processes)
    assert list(tmp_path.iterdir()) == []


def a_limit_of_workers_holds(cluster: tuple[str, str], local: Path, tmp_path: Path) -> None:
    there = on(cluster, workers=1)
    spans = sorted(run_tasks(tasks.span, range(4), there, "one by one", shared=[tmp_path]))
    for (_, end), (start, _) in zip(spans, spans[1:], strict=False):
        assert end <= start


def errors_of_tasks_come_through(cluster: tuple[str, str], local: Path, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="task 0 has something to say"):
        list(run_tasks(tasks.fail, range(1), on(cluster), "fail", shared=[tmp_path]))


def a_task_that_kills_every_worker_is_a_clear_error(
    cluster: tuple[str, str], local: Path, tmp_path: Path
) -> None:
    with pytest.raises(StageError, match=r"abandoned a task: .*run the same command again"):
        list(run_tasks(tasks.die, range(3), on(cluster), "die", shared=[tmp_path]))
    if cluster[0] == "dask":
        clusters.wait_for_dask(cluster[1], 2)  # the nannies start others


def workers_that_do_not_see_the_folder(
    cluster: tuple[str, str], local: Path, tmp_path: Path
) -> None:
    backend, address = cluster
    other = Environment.here((tmp_path / "other mount/token",))
    words = "does not see .*other mount, or not the same folder"
    with import_module(f"pipeline.execution.cluster.{backend}_backend").connect(address) as engine:
        problems = engine.check(other)
        assert len(problems) == 2
        assert all(re.search(words, problem) for problem in problems)
        ask = joblib.Parallel(n_jobs=-1, backend=engine.backend)
        with pytest.raises(StageError, match=words):  # and a worker that comes later
            ask([joblib.delayed(_run_far)((tasks.square, 0, 0, other))])


def predictions_are_the_same_though_a_worker_is_killed(
    cluster: tuple[str, str], evaluated: Path, tmp_path: Path
) -> None:
    backend, address = cluster
    root = tmp_path / "project"
    shutil.copytree(evaluated, root)
    for folder in PREDICTED:
        shutil.rmtree(root / folder)
    params = write_params(
        root, machine={"backend": backend, "address": address}, **with_models(evaluated)
    )
    marks = evaluated / "marks"
    killed: list[int] = []
    killer = Thread(target=kill_first_new, args=(marks, killed))
    killer.start()
    with pytest.raises(SettingsError, match=ONE_FAILS):
        evaluate(params, root, "demo")
    killer.join()
    assert killed
    assert len(list(marks.iterdir())) > 2, "the driver, the killed worker and others"
    for folder in PREDICTED:
        assert tree(root / folder) == tree(evaluated / folder)


def kill_first_new(marks: Path, killed: list[int]) -> None:
    """Kill the first other process that leaves a mark."""
    known = {*marks.iterdir(), marks / str(os.getpid())}
    deadline = time.monotonic() + 120
    while not killed and time.monotonic() < deadline:
        killed += [int(mark.name) for mark in set(marks.iterdir()) - known][:1]
        time.sleep(0.01)
    for process in killed:
        os.kill(process, signal.SIGKILL)


CHECKS = (
    same_bytes_as_local_workers,
    shards_of_a_killed_worker_are_done_by_another,
    results_are_in_order_and_come_from_the_cluster,
    a_limit_of_workers_holds,
    errors_of_tasks_come_through,
    a_task_that_kills_every_worker_is_a_clear_error,
    workers_that_do_not_see_the_folder,
    predictions_are_the_same_though_a_worker_is_killed,
)


@pytest.mark.parametrize("backend", CLUSTERS)
def test_a_cluster_of_two_workers(
    backend: str, local: Path, evaluated: Path, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """One test, since a cluster takes long to start and tests spread over processes."""
    with CLUSTERS[backend](tmp_path) as address:
        for check in CHECKS if backend == "dask" else CHECKS[:-1]:
            with subtests.test(check.__name__):
                folder = tmp_path / check.__name__
                folder.mkdir()
                made = evaluated if check is CHECKS[-1] else local
                check((backend, address), made, folder)


@pytest.mark.slow
def test_ray_gives_the_same_predictions_though_a_worker_is_killed(
    evaluated: Path, tmp_path: Path
) -> None:
    with CLUSTERS["ray"](tmp_path) as address:
        folder = tmp_path / "made"
        folder.mkdir()
        predictions_are_the_same_though_a_worker_is_killed(("ray", address), evaluated, folder)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """A Dask scheduler without workers."""
    port = str(free_port())
    command = ("dask", "scheduler", "--host", LOOPBACK, "--port", port, "--no-dashboard")
    with clusters.running(*command, log=tmp_path / "scheduler.log"):
        yield f"tcp://{LOOPBACK}:{port}"


@pytest.mark.filterwarnings("ignore:Mismatched versions")
def test_dask_workers_that_would_write_other_bytes(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_backend, "WORKERS_SECONDS", 1)
    refuses(scheduler, tmp_path, "has no workers after 1 s; start some with `dask worker tcp:")

    log = tmp_path / "worker.log"
    with clusters.dask_worker(scheduler, log, "--nthreads", "2", "--no-nanny"):
        clusters.wait_for_dask(scheduler, 1)
        refuses(scheduler, tmp_path, "has 2 threads in one process; start workers with `--nthr")
    clusters.wait_for_dask(scheduler, 0)

    one = ("--nthreads", "1", "--no-nanny")
    with clusters.dask_worker(scheduler, log, *one, PYTHONPATH=str(tmp_path)):
        clusters.wait_for_dask(scheduler, 1)
        refuses(scheduler, tmp_path, "cannot run the project's code .*PYTHONPATH set to it")
    clusters.wait_for_dask(scheduler, 0)

    metadata = tmp_path / "older/numpy-1.0.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n")
    path = f"{tmp_path / 'older'}{os.pathsep}{REPOSITORY}"
    with clusters.dask_worker(scheduler, log, *one, PYTHONPATH=path):
        clusters.wait_for_dask(scheduler, 1)
        refuses(scheduler, tmp_path, "has numpy 1.0, but here it is .* would write other bytes")


def refuses(address: str, folder: Path, words: str) -> None:
    with pytest.raises(StageError, match=words):
        list(run_tasks(tasks.fail, range(1), on(("dask", address)), "no", shared=[folder]))


@pytest.mark.parametrize("backend", CLUSTERS)
def test_nobody_answers_at_the_address(backend: str, tmp_path: Path) -> None:
    there = on((backend, f"{LOOPBACK}:{free_port()}"))
    with pytest.raises(StageError, match=r"machine.address: no (Dask|Ray) .*answers at 127\.0\.0"):
        list(run_tasks(tasks.square, range(1), there, "none", shared=[tmp_path]))


@pytest.mark.parametrize("backend", CLUSTERS)
def test_a_package_that_is_not_installed(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, PACKAGES[backend], None)  # as if it were not there
    with pytest.raises(SettingsError, match=f"machine.backend: '{backend}' needs the package"):
        list(run_tasks(tasks.square, range(1), on((backend, "a:1")), "", shared=[tmp_path]))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"backend": "dask"},
            "machine: backend 'dask' needs machine.address, such as 10.0.0.1:8786",
        ),
        ({"backend": "ray"}, "machine: backend 'ray' needs machine.address, such as 10.0.0.1:6379"),
        ({"backend": "loky", "address": "a:1"}, "address 'a:1' is for the backends dask and ray"),
        ({"backend": "ray", "address": "auto"}, "machine.address: .*got 'auto'"),
        ({"backend": "spark"}, "machine.backend: must be 'loky', 'dask' or 'ray'"),
    ],
)
def test_settings(tmp_path: Path, values: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        write_params(tmp_path, machine=values)


def test_the_documentation_pins_what_is_tested() -> None:
    """The pip line of docs/scale_out.md and tests/requirements.txt say the same."""
    pinned = re.findall(
        r"^(?:dask|distributed|ray)==\S+", (REPOSITORY / "tests/requirements.txt").read_text(), re.M
    )
    words = (REPOSITORY / "docs/scale_out.md").read_text()
    assert len(pinned) == 3
    for pin in pinned:
        assert set(re.findall(rf"\b{pin.split('==')[0]}==[^\s`]+", words)) == {pin}
    needed = (REPOSITORY / "requirements.txt").read_text()
    assert not re.search(r"^(dask|distributed|ray)\b", needed, re.M)

"""Many independent tasks, one after the other, by several processes or on a cluster, with the same numbers on each.

Nothing here knows statistics: bootstraps, Monte Carlo thresholds and refits per item hand their tasks over.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
# A task, its position, and its seed if it needs random numbers.
_Numbered = tuple[int, Any, np.random.SeedSequence | None]
_Chunk = Sequence[_Numbered]

# Each worker gets its share in about so many parts: enough to report progress and to even out tasks of unequal length.
_PARTS_PER_WORKER = 4


class TaskError(RuntimeError):
    """
    One of the tasks failed; the message says which and why.

    Attributes
    ----------
    position : int
        Of the task, from 0.
    task : str
        The task itself, shortened.
    reason : str
        Kind and message of the error.
    """

    def __init__(self, position: int, task: str, reason: str) -> None:
        super().__init__(position, task, reason)
        self.position, self.task, self.reason = position, task, reason

    def __str__(self) -> str:
        """Name the task and the reason."""
        return f"task {self.position} ({self.task}) failed: {self.reason}"


def map_tasks(
    function: Callable[..., Result],
    tasks: Iterable[Any],
    *,
    engine: str | int = "serial",
    seed: int | np.random.Generator | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """
    Return the function of each task, in the order of the tasks.

    Parameters
    ----------
    function : callable(task) or callable(task, rng)
        With a seed it is also given a numpy.random.Generator. For processes and clusters it must stand at the top level
        of a module that the workers can import too; `functools.partial` binds data, which each process gets once.
    tasks : iterable
        Anything that can be pickled.
    engine : "serial", "processes", int or str
        One after the other; a process for each processor; that many processes; or the address of the scheduler of a
        Dask cluster, such as "tcp://10.0.0.5:8786" (needs the package `distributed`). A script that uses processes
        keeps its own work under ``if __name__ == "__main__":``, for each process imports it.
    seed : int or numpy.random.Generator, optional
        Every task draws from a stream of its own, spawned from this seed by its position. So the numbers depend neither
        on the engine nor on how tasks are shared out. A generator is advanced by one draw.
    progress : callable(done, total), optional
        Called when tasks are finished, in their order.

    Returns
    -------
    list
        Empty without tasks. On every engine the same, up to the last digits where linear algebra is computed by
        processors of different kinds.

    Raises
    ------
    TaskError
        For the first task, in their order, that failed; what has not begun is not begun.
    ValueError
        For an unknown engine, no process at all, or a function that cannot be sent to another process.
    ModuleNotFoundError
        For an address where `distributed` is not installed.
    OSError
        For an address at which no scheduler answers.

    References
    ----------
    O'Neill (2015), "Developing a seed_seq alternative", on which numpy's SeedSequence rests.
    """
    numbered = _numbered(list(tasks), seed)
    total, results = len(numbered), []
    if not numbered:
        return []
    with _runner(function, engine, total) as (run, n_workers):
        size = 1 if n_workers == 1 else max(1, total // (n_workers * _PARTS_PER_WORKER))
        for part in run([numbered[start : start + size] for start in range(0, total, size)]):
            results += part
            if progress is not None:
                progress(len(results), total)
    return results


def _numbered(tasks: list[Any], seed: int | np.random.Generator | None) -> list[_Numbered]:
    if seed is None:
        return [(at, task, None) for at, task in enumerate(tasks)]
    entropy = int(seed.integers(2**63)) if isinstance(seed, np.random.Generator) else seed
    children = np.random.SeedSequence(entropy).spawn(len(tasks))
    return [(at, task, child) for at, (task, child) in enumerate(zip(tasks, children, strict=True))]


_Run = Callable[[Sequence[_Chunk]], Iterator[list[Any]]]


@contextmanager
def _runner(function: Callable[..., Any], engine: str | int, n_tasks: int) -> Iterator[tuple[_Run, int]]:
    """Give what computes chunks in their order, and the number of workers."""
    if engine == "serial":
        yield lambda chunks: (compute_chunk(function, chunk) for chunk in chunks), 1
    elif isinstance(engine, str) and "://" in engine:
        with _cluster(function, engine) as cluster:
            yield cluster
    elif engine == "processes" or isinstance(engine, int):
        wanted = (os.cpu_count() or 1) if isinstance(engine, str) else engine
        if wanted < 1:
            raise ValueError(f"engine must be at least one process; got {wanted}")
        with _processes(function, min(wanted, n_tasks)) as processes:
            yield processes
    else:
        raise ValueError(
            f"engine must be 'serial', 'processes', a number of processes, or the address of a Dask scheduler such as "
            f"'tcp://localhost:8786'; got {engine!r}"
        )


@contextmanager
def _processes(function: Callable[..., Any], n_workers: int) -> Iterator[tuple[_Run, int]]:
    # "spawn" is the one way to start a process that works on every system and beside threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(n_workers, context, initializer=_keep, initargs=(_pickled(function),))

    def run(chunks: Sequence[_Chunk]) -> Iterator[list[Any]]:
        futures: list[Future[list[Any]]] = [pool.submit(_compute_with_kept, chunk) for chunk in chunks]
        return (future.result() for future in futures)

    try:
        yield run, n_workers
    finally:
        pool.shutdown(cancel_futures=True)


def _pickled(function: Callable[..., Any]) -> bytes:
    try:
        return pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"function cannot be sent to another process ({error}); define it at the top level of a module"
        ) from error


_kept: list[Callable[..., Any]] = []


def _keep(function: bytes) -> None:
    """Unpack the function, with the data bound to it, once per process."""
    _kept[:] = [pickle.loads(function)]  # noqa: S301 it comes from the process that started this one


def _compute_with_kept(chunk: _Chunk) -> list[Any]:
    return compute_chunk(_kept[0], chunk)


@contextmanager
def _cluster(function: Callable[..., Any], address: str) -> Iterator[tuple[_Run, int]]:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"engine {address!r} is a Dask cluster: install the package distributed (pip install 'assess[cluster]')"
        ) from error
    # Not the client of the whole process: whoever calls may have one of their own.
    with distributed.Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        sent = client.scatter(function, broadcast=True, hash=False)

        def run(chunks: Sequence[_Chunk]) -> Iterator[list[Any]]:
            futures = [client.submit(compute_chunk, sent, chunk, pure=False) for chunk in chunks]
            try:
                for future in futures:
                    yield future.result()
            finally:
                client.cancel(futures)

        yield run, max(1, sum(client.nthreads().values()))


def compute_chunk(function: Callable[..., Result], chunk: _Chunk) -> list[Result]:
    """Return the function of each task of a chunk; an error names its task."""
    results = []
    for position, task, seed in chunk:
        try:
            results.append(function(task) if seed is None else function(task, np.random.default_rng(seed)))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise TaskError(position, reprlib.repr(task), reason) from error
    return results

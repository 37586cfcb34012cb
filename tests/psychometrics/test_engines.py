"""The map port: the same numbers on every engine, progress, errors that name their task."""

import operator
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics import TaskError, likelihood_ratio_dif, map_tasks
from tests.psychometrics.simulation import simulate


def drawn(task, rng):
    return task + rng.standard_normal()


def mean_of_resample(data, _task, rng):
    return float(data[rng.integers(0, len(data), len(data))].mean())


def inverse(task):
    return 1 / task


@pytest.fixture(scope="module")
def scheduler():
    """Return the address of a cluster of two workers in this process."""
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=False
    ) as cluster:
        yield cluster.scheduler_address


ENGINES = ["serial", 1, 2, "cluster"]


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.getfixturevalue("scheduler") if request.param == "cluster" else request.param


def test_every_engine_gives_the_same_numbers_in_the_order_of_the_tasks(engine):
    tasks = range(11)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(5).spawn(11)]
    expected = [task + rng.standard_normal() for task, rng in zip(tasks, streams, strict=True)]

    assert map_tasks(drawn, tasks, engine=engine, seed=5) == expected


def test_data_bound_to_the_function_reach_every_worker(engine):
    data = np.random.default_rng(1).normal(size=200)

    found = map_tasks(partial(mean_of_resample, data), range(30), engine=engine, seed=2)

    assert found == map_tasks(partial(mean_of_resample, data), range(30), seed=2)
    assert len(set(found)) == 30


def test_progress_ends_with_all_tasks_and_never_goes_back(engine):
    told = []

    map_tasks(operator.neg, range(9), engine=engine, progress=lambda done, total: told.append((done, total)))

    assert told == sorted(told)
    assert told[-1] == (9, 9)


def test_an_error_names_the_first_task_that_failed(engine):
    with pytest.raises(TaskError, match=r"task 2 \(0\) failed: ZeroDivisionError: division by zero") as caught:
        map_tasks(inverse, [2, 1, 0, 4, 0], engine=engine)

    assert (caught.value.position, caught.value.task) == (2, "0")


def test_no_task_starts_no_engine():
    assert map_tasks(operator.neg, [], engine="tcp://nowhere:1") == []


@given(st.lists(st.integers(), min_size=1, max_size=20), st.integers(0, 2**32))
def test_the_numbers_of_a_task_do_not_depend_on_the_tasks_after_it(tasks, seed):
    whole = map_tasks(drawn, tasks, seed=seed)

    assert map_tasks(drawn, tasks[:-1], seed=seed) == whole[:-1]


def test_a_generator_as_seed_gives_other_numbers_at_each_call_and_the_same_in_each_run():
    first, second = (np.random.default_rng(3) for _ in range(2))

    once, again = map_tasks(drawn, [0, 0], seed=first), map_tasks(drawn, [0, 0], seed=first)

    assert once == map_tasks(drawn, [0, 0], seed=second)
    assert once != again


@pytest.mark.parametrize("engine", ["threads", "localhost:8786", 1.5, None])
def test_an_unknown_engine_is_refused_with_those_there_are(engine):
    with pytest.raises(ValueError, match="address of a Dask scheduler"):
        map_tasks(operator.neg, [1], engine=engine)


def test_no_process_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one process; got 0"):
        map_tasks(operator.neg, [1], engine=0)


def test_a_function_that_cannot_be_sent_says_what_to_do():
    with pytest.raises(ValueError, match="define it at the top level of a module"):
        map_tasks(lambda task: task, [1, 2], engine=2)


def test_an_address_without_the_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(ModuleNotFoundError, match=r"install the package distributed \(pip"):
        map_tasks(operator.neg, [1], engine="tcp://localhost:8786")


def test_an_address_without_a_scheduler_is_an_error_of_the_connection():
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "200ms"}),
        pytest.raises(OSError, match=r"127\.0\.0\.1:9"),
    ):
        map_tasks(operator.neg, [1], engine="tcp://127.0.0.1:9")


def test_refits_per_item_give_the_same_chi_squares_in_two_processes_and_tell_progress():
    made = simulate(np.random.default_rng(1), n=(150, 150), n_items=4, n_codes=3)
    told = []

    here = likelihood_ratio_dif(made.responses, made.groups, reference="R")
    there = likelihood_ratio_dif(
        made.responses, made.groups, reference="R", engine=2, progress=lambda *done: told.append(done)
    )

    assert here.chi2.tolist() == there.chi2.tolist()
    assert told[-1] == (4, 4)

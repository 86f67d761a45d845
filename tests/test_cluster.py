"""Grading through Dask: a real scheduler, two workers, and one of them killed in the middle."""

import os
import signal
import threading

import grading_fakes
import pytest
from test_batch import course, folder, marks, put  # noqa: F401  the fixtures among them

from course_utils.grading import cluster
from course_utils.grading.batch import BatchError, grade_folder

distributed = pytest.importorskip("distributed", reason="Dask's distributed is not installed (extra 'cluster')")
QUIET = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": 50}


@pytest.fixture(scope="module")
def workers():
    """Two worker processes of one thread, on this machine, without a dashboard."""
    options = {"processes": True, "threads_per_worker": 1, **QUIET}
    with distributed.LocalCluster(n_workers=2, memory_limit=None, **options) as running:
        yield running


class Killer:
    """Kills one worker process, once, when so many submissions are done."""

    def __init__(self, workers, after):
        self.workers, self.after, self.killed = workers, after, None

    def __call__(self, done, total, name):
        if done >= self.after and self.killed is None:
            self.killed = next(iter(self.workers.workers.values())).process.pid
            os.kill(self.killed, signal.SIGKILL)


def test_a_worker_killed_in_the_middle_costs_no_mark_and_no_submission(workers, course, folder, tmp_path):  # noqa: F811
    log = tmp_path / "log"
    put(folder, **{f"learner{n:02d}": f"slow {'half' if n % 3 else 'right'}\n# log {log}" for n in range(12)})
    killer = Killer(workers, after=3)
    options = {"scheduler": workers.scheduler_address, "grade": grading_fakes.grade, "sandbox": "none"}
    result = grade_folder(folder, tmp_path / "out", course[0], progress=killer, **options)
    assert killer.killed and not result.failed
    assert marks(result) == {f"learner{n:02d}": 1 if n % 3 else 2 for n in range(12)}
    assert 12 <= log.read_text().count("graded") <= 14, "only what the killed worker had begun is done again"
    again = grade_folder(folder, tmp_path / "out", course[0], **options)
    assert (again.graded, again.reused) == (0, 12)


def test_when_all_workers_are_gone_for_good_what_was_done_is_kept(course, folder, tmp_path):  # noqa: F811
    put(folder, **{f"learner{n:02d}": "slow right" for n in range(8)})
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 1, **QUIET}
    running = distributed.LocalCluster(protocol="tcp://", **options)

    def stop(done, total, name):
        if done == 2:
            threading.Thread(target=running.close).start()

    with pytest.raises(BatchError, match="workers are gone"):
        grade_folder(folder, tmp_path / "out", course[0], scheduler=running.scheduler_address, sandbox="none",
                     grade=grading_fakes.grade, progress=stop)  # fmt: skip
    here = grade_folder(folder, tmp_path / "out", course[0], sandbox="none", grade=grading_fakes.grade)
    assert here.reused >= 2 and set(marks(here).values()) == {2}


def test_a_scheduler_that_cannot_be_used_is_one_sentence(course, folder, tmp_path, monkeypatch):  # noqa: F811
    put(folder, ada="right")
    monkeypatch.setattr(cluster, "SECONDS", 0.2)
    for address, words in (("tcp://127.0.0.1:1", "No scheduler answers"), ("no://where", "No scheduler answers")):
        with pytest.raises(cluster.ClusterError, match=words) as caught:
            grade_folder(folder, tmp_path / "out", course[0], scheduler=address, grade=grading_fakes.grade)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(cluster, "SECONDS", 5)
    options = {"processes": False, "n_workers": 0, "protocol": "tcp://", **QUIET}
    with (
        distributed.LocalCluster(**options) as empty,
        pytest.raises(cluster.ClusterError, match="has no worker"),
    ):
        grade_folder(folder, tmp_path / "out", course[0], scheduler=empty.scheduler_address, grade=grading_fakes.grade)

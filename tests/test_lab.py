"""Opening the course: ports, kernel, display, and a JupyterLab that really answers."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from course_utils import lab


@pytest.fixture
def taken_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_port_in_use_is_passed_over_when_nobody_asked_for_it(taken_port):
    assert lab.free_port(taken_port, given=False) > taken_port


def test_a_port_in_use_that_was_asked_for_is_one_sentence(taken_port):
    with pytest.raises(lab.LabError, match=f"Port {taken_port} is in use .* --port {taken_port + 1}"):
        lab.free_port(taken_port, given=True)


def test_no_display_means_no_browser(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not lab.has_display()


def test_a_kernel_of_another_python_is_not_ours(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert not lab.kernel_is_registered()
    lab.register_kernel()
    assert lab.kernel_is_registered()
    path = lab.kernel_folder() / "kernel.json"
    spec = json.loads(path.read_text())
    assert spec["display_name"] == "Transformers course"
    monkeypatch.setattr(sys, "executable", str(Path(sys.executable).with_name("python-by-another-name")))
    assert lab.kernel_is_registered()
    spec["argv"][0] = "/another/python"
    path.write_text(json.dumps(spec))
    assert not lab.kernel_is_registered()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="warm kernels need Linux")
def test_the_warm_kernel_is_registered_beside_it(monkeypatch, tmp_path):
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    lab.register_kernel()
    lab.register_kernel()  # a second start of JupyterLab changes nothing
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    spec = KernelSpecManager().get_kernel_spec("transformers-course-warm")
    assert spec.display_name == "Transformers course, warm"
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "course-warm"


def test_a_server_that_stops_at_once_is_one_sentence(monkeypatch):
    monkeypatch.setattr(lab, "register_kernel", lambda: None)
    monkeypatch.setattr(lab, "settle_in", lambda: None)
    monkeypatch.setattr(lab, "server_command", lambda port: [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(lab.LabError, match="exit status 3.*course doctor"):
        lab.open_lab(port=0, given=True, browser=False)


def test_lessons_are_trusted_and_no_news_are_asked_for(monkeypatch, tmp_path):
    from nbformat.sign import NotebookNotary

    from course_utils.notebooks import read
    from course_utils.syllabus import day

    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    assert not NotebookNotary().check_signature(read(day(1).lesson))
    lab.settle_in()
    assert NotebookNotary().check_signature(read(day(1).lesson))
    (settings,) = (tmp_path / "share").rglob("overrides.json")
    assert "fetchNews" in settings.read_text()


def test_it_serves_day_one_and_stops_when_asked(tmp_path):
    """The whole way: `course lab` prints an address that answers, and Ctrl-C ends the server with it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "course_utils.cli", "lab", "--no-browser", "--port", str(port)]
    course = os.path.join(os.path.dirname(sys.executable), "course")
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "run")}
    environment["JUPYTER_DATA_DIR"] = str(tmp_path / "data")
    process = subprocess.Popen(
        [course, *command[3:]],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores Ctrl-C
    )
    try:
        url = next(match[0] for line in process.stdout if (match := re.search(r"http://\S+", line)))
        assert f"127.0.0.1:{port}/lab/tree/notebooks/day01_pipelines.ipynb" in url
        contents = url.replace("/lab/tree/", "/api/contents/").replace("?", "?content=0&")
        assert json.load(urllib.request.urlopen(contents))["name"] == "day01_pipelines.ipynb"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0
        with pytest.raises(OSError):
            urllib.request.urlopen(url, timeout=2)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

"""Warm kernels in Jupyter: forked for a kernel manager, and for nbval behind the wall."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from course_utils.grading import namespaces, provisioner, sandbox, warm

pytestmark = pytest.mark.skipif(not namespaces.supported(), reason="warm kernels need Linux")


@pytest.fixture
def kernelspecs(tmp_path, monkeypatch):
    """A Jupyter folder of its own with the warm kernel in it."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    provisioner.register(tmp_path)
    return tmp_path / "share" / "jupyter" / "kernels"


def text(client, code):
    seen = []
    client.execute_interactive(
        code, timeout=60, output_hook=lambda message: seen.append(message["content"].get("text", ""))
    )
    return "".join(seen).strip()


def test_it_is_the_learners_own_kernel(kernelspecs, tmp_path):
    (tmp_path / "mine.txt").write_text("here")
    manager, client = start_new_kernel(kernel_name=provisioner.WARM_KERNEL, cwd=str(tmp_path))
    try:
        assert text(client, "print(open('mine.txt').read())") == "here"
        assert text(client, "import sys; print('torch' in sys.modules, 'transformers' in sys.modules)") == "True True"
        assert text(client, "import torch; print(torch.ones(600, 600) @ torch.ones(600, 600) == 600)").count("True") > 3
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert not manager.is_alive()


def test_it_can_be_interrupted_and_restarted(kernelspecs):
    manager, client = start_new_kernel(kernel_name=provisioner.WARM_KERNEL)
    try:
        request = client.execute("import time; kept = 1; print('begun', flush=True); time.sleep(60)")
        while client.get_iopub_msg(timeout=20)["msg_type"] != "stream":
            pass
        manager.interrupt_kernel()
        while (reply := client.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != request:
            pass  # on a busy machine more than one answer to "are you ready" comes first
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        manager.restart_kernel(now=True)
        client.stop_channels()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        assert text(client, "print('kept' in globals())") == "False"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_notebook_runs_on_it_and_passes_nbval(kernelspecs, tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.chdir(tmp_path)
    sources = ["import torch\ntorch.arange(3).tolist()", "print('hello')", "1 / 0"]
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
    cells[2].metadata["tags"] = ["raises-exception"]
    book = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(book, kernel_name=provisioner.WARM_KERNEL, timeout=60).execute()
    assert book.cells[0].outputs[0].data["text/plain"] == "[0, 1, 2]"
    assert (book.cells[1].outputs[0].text, book.cells[2].outputs[0].ename) == ("hello\n", "ZeroDivisionError")
    nbformat.write(book, tmp_path / "mine.ipynb")
    assert run_nbval(tmp_path / "mine.ipynb") == pytest.ExitCode.OK
    book.cells[0].outputs[0].data["text/plain"] = "[0, 1, 9]"
    nbformat.write(book, tmp_path / "changed.ipynb")
    assert run_nbval(tmp_path / "changed.ipynb") == pytest.ExitCode.TESTS_FAILED


def run_nbval(path):
    """In this process, so that its warm process is used."""
    import nbval.plugin

    arguments = [str(path), "-c", os.devnull, f"--rootdir={path.parent}", f"--confcutdir={path.parent}", "-q"]
    arguments += ["--nbval", f"--nbval-kernel-name={provisioner.WARM_KERNEL}", "--nbval-cell-timeout=60"]
    arguments += ["--disable-plugin-autoload", "-p", "no:cacheprovider"]
    return pytest.main(arguments, plugins=[nbval.plugin])


@pytest.mark.skipif(not sandbox.available(), reason="no sandbox works on this system")
def test_nbval_runs_behind_the_wall_with_it(kernelspecs, tmp_path):
    import nbformat

    folder = kernelspecs / "walled"
    folder.mkdir()
    spec = (kernelspecs / provisioner.WARM_KERNEL / "kernel.json").read_text()
    (folder / "kernel.json").write_text(spec.replace('"none"', f'"{sandbox.strongest()}"'))
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_code_cell(f"import os\nassert not os.path.exists({str(Path(__file__))!r})", id="wall")
    ]
    nbformat.write(book, tmp_path / "walled.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-cell-timeout=60"]
    command += [
        "--nbval-kernel-name=walled",
        str(tmp_path / "walled.ipynb"),
        "-c",
        "/dev/null",
        f"--rootdir={tmp_path}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_warm_process_is_replaced_when_its_environment_changes(monkeypatch):
    first = warm.shared(preload=False)
    assert warm.shared(preload=False) == first
    monkeypatch.setenv("COURSE_CACHE", "/somewhere/else")
    assert warm.shared(preload=False) != first


def test_a_warm_process_is_replaced_after_many_orders(monkeypatch):
    first = warm.shared(preload=False)
    monkeypatch.setattr(warm, "MAX_ORDERS", 1)
    assert warm.shared(preload=False) != first


def test_a_warm_process_that_dies_costs_no_mark():
    """The submission is not graded, which is the grader's error and no zero; the next one finds a new process."""
    from grading_samples import DAY, RIGHT, notebook

    from course_utils.grading.session import GradingError, grade_notebook

    address = warm.shared()
    process = next(process for process in warm._running.values() if process.address == address)
    slow = "import time; time.sleep(20)\n"
    with ThreadPoolExecutor(1) as pool:
        grade = pool.submit(grade_notebook, notebook(RIGHT, before=slow), DAY)
        time.sleep(2)
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(GradingError, match="grade it again"):
            grade.result(timeout=30)
    assert grade_notebook(notebook(RIGHT), DAY).points == 10


def test_a_warm_process_ends_with_its_grader():
    code = "from course_utils.grading import warm; import os\n"
    code += "process = warm.WarmProcess(preload=False); print(process._process.pid, flush=True); os._exit(1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid = done.stdout.strip()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pid and not Path(f"/proc/{pid}/cmdline").exists()

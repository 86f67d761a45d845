"""Open the course in JupyterLab: register the kernel, find a port, start the server, say where it is."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable
from pathlib import Path

from course_utils.notebooks import KERNEL, KERNEL_TITLE
from course_utils.syllabus import ROOT, day

SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
PATIENCE = 60  # seconds for JupyterLab to answer


class LabError(RuntimeError):
    """JupyterLab could not be started; the message says why and what to do."""


def kernel_folder() -> Path:
    """Where this environment keeps the course's kernel."""
    return Path(sys.prefix) / "share" / "jupyter" / "kernels" / KERNEL


def kernel_is_registered() -> bool:
    """True if the kernel exists and starts the Python of this environment, by whichever of its names."""
    try:
        started = Path(json.loads((kernel_folder() / "kernel.json").read_text(encoding="utf-8"))["argv"][0])
    except (OSError, ValueError, LookupError):
        return False
    return started.exists() and started.parent == Path(sys.executable).parent


def register_kernel() -> None:
    """Make the kernel "Transformers course", and a warm one where that works, known to Jupyter in this environment."""
    if not kernel_is_registered():
        from ipykernel.kernelspec import install

        install(kernel_name=KERNEL, display_name=KERNEL_TITLE, prefix=sys.prefix)
    if sys.platform.startswith("linux"):
        from course_utils.grading import provisioner

        provisioner.register(sys.prefix)


def settle_in() -> None:
    """Keep JupyterLab from asking whether to fetch news, and let the course's own lessons run their views unasked."""
    from nbformat.sign import NotebookNotary

    from course_utils.notebooks import read

    settings = Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps(SETTINGS, indent=1), encoding="utf-8")
    notary = NotebookNotary()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notary.sign(read(path))


def free_port(wanted: int, given: bool) -> int:
    """The wanted port, or the next free one if nobody insisted on it.

    Raises:
        LabError: the port was asked for and is in use, or none of the next fifty is free.
    """
    for port in [wanted] if given else range(wanted, wanted + 50):
        with socket.socket() as probe:
            if os.name != "nt":  # a port that was just closed may be taken again at once
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    advice = f"try --port {wanted + 1}" if given else "close another JupyterLab, or name a free one with --port"
    raise LabError(f"Port {wanted} is in use by another program: {advice}.")


def has_display() -> bool:
    """True where a browser window can open."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def server_command(port: int) -> list[str]:
    """The command line of a JupyterLab that serves the course on this machine only and asks the network for nothing."""
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        f"--port={port}",
        "--port-retries=0",
        "--ip=127.0.0.1",
    ]
    return [
        *command,
        f"--ServerApp.root_dir={ROOT}",
        "--LabApp.log_level=ERROR",
        "--ServerApp.log_level=ERROR",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]


def log_file() -> Path:
    """Where JupyterLab writes what it has to say."""
    return Path(sys.prefix) / "jupyterlab.log"


def start_page() -> str:
    """The notebook to open first, relative to the course's folder."""
    return day(1).lesson.relative_to(ROOT).as_posix()


def open_lab(port: int = 8888, given: bool = False, browser: bool = True, say: Callable[[str], None] = print) -> int:
    """Serve the course until it is interrupted; returns JupyterLab's exit status.

    Args:
        port: the port to listen on.
        given: True if this port was asked for, so that no other will do.
        browser: open a browser window, where there is a display.
        say: called with each line for the user.

    Raises:
        LabError: the port is in use, or JupyterLab did not start.
    """
    register_kernel()
    settle_in()
    found = free_port(port, given)
    if found != port:
        say(f"Port {port} is in use, so the course takes {found}.")
    token = secrets.token_hex(16)
    with log_file().open("w") as log:  # its words are for whoever looks for a fault, not for the learner
        environment = {**os.environ, "JUPYTER_TOKEN": token}
        server = subprocess.Popen(server_command(found), env=environment, stdout=log, stderr=log)
    try:
        _wait_until_it_answers(server, found, token)
        url = f"http://127.0.0.1:{found}/lab/tree/{start_page()}?token={token}"
        say(f"The course is open at\n\n    {url}\n\nStop it with Ctrl-C.")
        if browser and has_display():
            webbrowser.open(url)
        return server.wait()
    except KeyboardInterrupt:
        say("JupyterLab is closing; your notebooks are saved as you last saved them.")
        return 0
    finally:
        _stop(server)


def _wait_until_it_answers(server: subprocess.Popen, port: int, token: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise LabError(
                f"JupyterLab stopped at once (exit status {server.returncode}): "
                f"run `course doctor`, or read {log_file()}."
            )
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={token}", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise LabError(f"JupyterLab did not answer within {PATIENCE} seconds: run `course doctor`, or read {log_file()}.")


def _stop(server: subprocess.Popen) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()

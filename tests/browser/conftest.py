"""Chromium and JupyterLab for the browser tests: no request may leave this computer, and nothing waits for a fixed
time.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest

CHROMIUM = os.environ.get("COURSE_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
AT_HOME = ("localhost", "127.0.0.1", "")  # the last: file, data and blob addresses have no host
KERNEL = "transformers-course"


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium. It lives for one module: Playwright's event loop must not be running in other tests."""
    if not shutil.which(CHROMIUM):
        pytest.skip(f"no Chromium at {CHROMIUM}: install it, or name another with COURSE_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A fresh page. The test fails if the page asked for anything beyond this computer, or if a script of it
    failed.
    """
    context = chromium.new_context(viewport={"width": 1100, "height": 900})
    asked, errors = [], []

    def guard(route):
        if urlsplit(route.request.url).hostname in (*AT_HOME, None):
            return route.continue_()
        asked.append(route.request.url)
        return route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not asked, f"the page asked for {asked}"
    assert not errors, f"a script failed: {errors}"


@pytest.fixture(scope="session")
def axe():
    """JupyterLab as a learner starts it, with its own home, settings and signatures: nothing is left behind."""
    from axe_playwright_python.sync_playwright import Axe

    runner = Axe()

    def check(page, within: str | None = None) -> None:
        result = runner.run(page, context=[within] if within else None)
        broken = [
            f"{one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['html'][:200]} "
            f"{(one['nodes'][0].get('any') or [{}])[0].get('message', '')}"
            for one in result.response["violations"]
        ]
        assert not broken, "\n".join(broken)
        assert result.response["passes"], "axe found nothing to look at"

    return check


class Lab:
    """A running JupyterLab over an empty folder of its own, with the course's kernel."""

    def __init__(self, root: Path, address: str, token: str):
        self.root, self.address, self.token = root, address, token

    def add(self, notebook, name: str, trusted: bool = True) -> str:
        """Put a notebook (a path, or an nbformat node) into the server's folder as `name`; sign it if `trusted`."""
        import nbformat
        from nbformat.sign import NotebookNotary

        if isinstance(notebook, str | Path):
            notebook = nbformat.read(notebook, as_version=4)
        nbformat.write(notebook, self.root / "work" / name)
        if trusted:
            notary = NotebookNotary(data_dir=str(self.root / "data"))
            notary.sign(nbformat.read(self.root / "work" / name, as_version=4))
            notary.store.close()
        return name

    def open(self, page, name: str) -> None:
        """Open a notebook of the server's folder and wait until it is drawn."""
        page.goto(f"{self.address}/lab/tree/{name}?reset&token={self.token}")
        cells = len(json.loads((self.root / "work" / name).read_text(encoding="utf-8"))["cells"])
        drawn = "cells => document.querySelectorAll('.jp-Notebook .jp-Cell').length === cells"
        page.wait_for_function(drawn, arg=cells, timeout=60_000)
        page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')", timeout=60_000)

    def run_all(self, page, timeout: float = 120) -> None:
        """Run every cell and wait until the last one is done (seconds)."""
        page.get_by_text(" | Idle").wait_for(timeout=60_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_function(
            """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputArea .jp-InputPrompt')].every(
                prompt => /^\\[\\d+\\]:$/.test(prompt.textContent.trim()))""",
            timeout=timeout * 1000,
        )


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab as a learner starts it, with its own home, settings and signatures, so that it neither reads nor
    leaves any.
    """
    import matplotlib

    root = tmp_path_factory.mktemp("lab")
    for folder in ("home", "config", "data", "runtime", "work", "settings", "workspaces", "ipython"):
        (root / folder).mkdir()
    _write(root / f"data/kernels/{KERNEL}/kernel.json", {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Transformers course", "language": "python",
    })  # fmt: skip
    plugins = root / "settings/@jupyterlab"
    _write(plugins / "notebook-extension/tracker.jupyterlab-settings", {"windowingMode": "none"})
    _write(
        plugins / "apputils-extension/notification.jupyterlab-settings",
        {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "HOME": str(root / "home"),
        "IPYTHONDIR": str(root / "ipython"),
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        "COURSE_CACHE": str(_course_cache()),
        "MPLCONFIGDIR": matplotlib.get_cachedir(),  # or the list of fonts is built again, which is said on stderr
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=course", f"--ServerApp.root_dir={root / 'work'}",
    ]  # fmt: skip
    log = (root / "log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(server, f"{address}/api/status?token=course", root / "log")
        yield Lab(root, address, "course")
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


def _course_cache() -> Path:
    """The learner's own cache: with another HOME the built-in checkpoints would be merged once more."""
    import platformdirs

    return Path(os.environ.get("COURSE_CACHE") or platformdirs.user_cache_dir("transformers-course"))


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _wait(server, address: str, log: Path) -> None:
    deadline = monotonic() + 90
    while monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            sleep(0.1)
    pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")

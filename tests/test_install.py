"""Setting up: what is done, what is left alone, and how trouble is said."""

import importlib.util
import json
import subprocess
import sys
from collections import namedtuple

import pytest

from course_utils.syllabus import ROOT


@pytest.fixture
def install(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("install", ROOT / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("COURSE_VENV", str(tmp_path / "venv"))
    return module


@pytest.mark.parametrize("version", [(3, 9, 1), (3, 10, 14), (3, 14, 0), (2, 7, 18)])
def test_a_python_that_does_not_fit_is_said_in_one_sentence(install, version):
    with pytest.raises(SystemExit) as caught:
        install.check_python(version)
    text = str(caught.value).strip()
    assert f"this is Python {version[0]}.{version[1]}" in text and "make lab PYTHON=" in text and "\n" not in text


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 5), (3, 13, 1)])
def test_a_python_that_fits_is_accepted(install, version):
    install.check_python(version)


def test_a_full_disk_is_said_before_anything_is_made(install, monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: usage(10**10, 9 * 10**9, 10**9))
    with pytest.raises(SystemExit, match="1.0 GB free and 4 GB are needed"):
        install.main(["dev"])
    assert not (tmp_path / "venv").exists()


def test_nothing_is_done_a_second_time(install, monkeypatch, tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "course.json").write_text(json.dumps(install.fingerprint(["grading"])))
    monkeypatch.setattr(install, "make_environment", lambda _: pytest.fail("set up again"))
    install.main(["grading"])


@pytest.mark.parametrize("key", ["requirements", "python", "at"])
def test_a_change_is_seen(install, key):
    have = install.fingerprint(["grading"])
    assert install.is_current(have, install.fingerprint(["grading"]))
    assert not install.is_current({**have, key: "other"}, install.fingerprint(["grading"]))


def test_fewer_extras_are_covered_by_more_but_not_the_other_way(install):
    less, more = install.fingerprint(["grading"]), install.fingerprint(["grading", "dev"])
    assert install.is_current(more, less)
    assert not install.is_current(less, more)
    assert not install.is_current({}, less)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("print('ERROR: No matching distribution found for torch'); raise SystemExit(1)", "No matching distribution"),
        ("print('OSError: [Errno 28] No space left on device'); raise SystemExit(1)", "the disk is full"),
    ],
)
def test_what_pip_cannot_do_is_said_in_pips_last_words(install, monkeypatch, script, words):
    popen = subprocess.Popen
    monkeypatch.setattr(
        install.subprocess, "Popen", lambda _, **options: popen([sys.executable, "-c", script], **options)
    )
    with pytest.raises(SystemExit, match=words):
        install.pip_install("nowhere", ["x"])


def test_an_old_python_could_still_read_the_script():
    """No syntax younger than 3.6 stands in the way of the sentence about the version."""
    import ast

    ast.parse((ROOT / "install.py").read_text(encoding="utf-8"), feature_version=(3, 6))

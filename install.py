"""Set the course up in .venv, on any system: `python3 install.py`, then `.venv/bin/course lab`.

Needs nothing but Python, and is written so that even an old Python can read it and say that it is too old.
Options: extras to install (`grading`, `dev`). TORCH_INDEX=<address> takes PyTorch from that package index.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OLDEST, NEWEST = (3, 11), (3, 13)
ROOM = 4 * 10**9  # bytes that the environment takes at most with PyTorch for the CPU
TORCH = "torch==2.13.0"


def fail(sentence):
    """End with one sentence, instead of a traceback."""
    sys.exit("\nThe course could not be set up: " + sentence)


def environment():
    """The folder of the virtual environment; COURSE_VENV names another."""
    return os.environ.get("COURSE_VENV") or os.path.join(HERE, ".venv")


def python_of(folder):
    """The interpreter inside a virtual environment."""
    return os.path.join(folder, "Scripts", "python.exe") if os.name == "nt" else os.path.join(folder, "bin", "python")


def check_python(version):
    """Refuse a Python that the libraries do not support."""
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        fail(
            "this is Python %d.%d, and it needs 3.11, 3.12 or 3.13; install one of them and name it, "
            "for example: make lab PYTHON=python3.11" % tuple(version[:2])
        )


def check_room(folder, room=ROOM):
    """Refuse a disk that is too full to begin with."""
    free = shutil.disk_usage(os.path.dirname(folder)).free
    if free < room:
        fail("the disk has %.1f GB free and %.0f GB are needed; free some space." % (free / 1e9, room / 1e9))


def fingerprint(extras):
    """What an installation depends on: if it is unchanged, there is nothing to do."""
    with open(os.path.join(HERE, "pyproject.toml"), "rb") as file:
        requirements = hashlib.sha256(file.read()).hexdigest()
    return {"requirements": requirements, "python": list(sys.version_info[:2]), "extras": sorted(extras), "at": HERE}


def installed(folder):
    """The fingerprint of what is in the environment, or an empty dict."""
    try:
        with open(os.path.join(folder, "course.json")) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def is_current(have, want):
    """True if what is installed covers what is wanted."""
    extras = set(want["extras"]) <= set(have.get("extras", [])) or "dev" in have.get("extras", [])
    return bool(have) and extras and all(have.get(key) == want[key] for key in ("requirements", "python", "at"))


def make_environment(folder):
    """Create the virtual environment, keeping one that works."""
    if os.path.exists(python_of(folder)) and subprocess.call([python_of(folder), "-c", "import pip"]) == 0:
        return
    import venv

    try:
        venv.EnvBuilder(with_pip=True, clear=True).create(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        fail("the virtual environment %s could not be made (%s); on Debian: apt install python3-venv" % (folder, error))


def pip_install(folder, what, *options):
    """Run pip, showing on one line what it is at; say its own last words if it fails."""
    command = [python_of(folder), "-m", "pip", "install", "--disable-pip-version-check", *options, *what]
    process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines, packages = [], 0
    for line in process.stdout:
        lines.append(line.rstrip())
        words = line.split()
        if words and words[0] in ("Collecting", "Installing"):
            packages += words[0] == "Collecting"
            show("   %d packages so far: %s %s" % (packages, words[0].lower(), words[1].rstrip(",")))
    show("")
    if process.wait() != 0:
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        full = any("No space left" in line for line in lines)
        fail("the disk is full; free some space and try again." if full else "pip said: " + " ".join(errors))


def show(text):
    """Overwrite the current line on a terminal; stay silent in a log."""
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K" + text[: shutil.get_terminal_size().columns - 1])
        sys.stdout.flush()


def main(extras):
    """Bring the environment up to date."""
    check_python(sys.version_info)
    folder, want = environment(), fingerprint(extras)
    if is_current(installed(folder), want):
        return
    check_room(folder)
    print("Setting the course up in %s. This takes a few minutes, once." % os.path.relpath(folder, os.getcwd()))
    print("1/3 virtual environment", flush=True)
    make_environment(folder)
    print("2/3 PyTorch", flush=True)
    index = os.environ.get("TORCH_INDEX")
    pip_install(folder, [TORCH], *(["--index-url", index] if index else []))
    print("3/3 the course and the libraries it uses", flush=True)
    pip_install(folder, ["-e", "." + ("[" + ",".join(sorted(extras)) + "]" if extras else "")])
    with open(os.path.join(folder, "course.json"), "w") as file:
        json.dump(want, file)
    print("Done.")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The package as a whole: light to import, layered, and said the same way in every place."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest

import course_utils
from course_utils.syllabus import ROOT

HEAVY = {"torch", "transformers", "datasets", "numpy", "pandas", "matplotlib", "pytest", "nbformat", "IPython"}


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import course_utils",
        "from course_utils import checkpoint",
        "from course_utils import checks",
        "from course_utils import show",
        "import course_utils.cli",
    ],
)
def test_importing_brings_nothing_heavy(statement):
    assert not HEAVY & modules_after(statement)


def test_every_name_of_the_face_can_be_imported():
    for name in course_utils.__all__:
        assert getattr(course_utils, name) is not None


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(AttributeError, match="checkpoint"):
        course_utils.chekpoint  # noqa: B018


ALLOWED = {
    "syllabus": set(),
    "checkpoints": set(),
    "corpora": set(),
    "pictures": set(),
    "show": set(),
    "evaluation": {"checkpoints", "corpora"},
    "notebooks": {"syllabus"},
    "navigation": {"notebooks", "syllabus"},
    "grading": {"notebooks", "syllabus", "checkpoints"},
    "release": {"notebooks", "syllabus"},
    "lab": {"grading", "notebooks", "syllabus"},
    "doctor": {"checkpoints", "lab", "grading"},
    "logbook": {"grading", "syllabus"},
    "check": {"grading", "logbook", "notebooks", "syllabus"},
}


def test_nothing_imports_upward():
    """Each part of the package uses only the parts below it; `cli` may use all."""
    found = {}
    for path in sorted((ROOT / "course_utils").rglob("*.py")):
        part = path.relative_to(ROOT / "course_utils").parts[0].removesuffix(".py")
        found.setdefault(part, set()).update(set(course_imports(path)) - {part})
    for part in ("__init__", "cli"):
        found.pop(part)
    assert found.keys() <= ALLOWED.keys(), "a new part needs its place in the order"
    assert {part: uses - ALLOWED[part] for part, uses in found.items() if uses - ALLOWED[part]} == {}


def course_imports(path):
    """The parts of the package that a module imports, at its top or inside a function."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            parts = [*package[: len(package) - node.level + 1]] if node.level else []
            parts += node.module.split(".") if node.module else []
            names = [alias.name for alias in node.names]
            yield from (parts[1:2] or names) if parts[:1] == ["course_utils"] else []
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("course_utils."))


def test_conda_and_pip_name_the_same_things():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    conda = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert f"- python{project['requires-python']}\n" in conda
    extras = re.search(r"- -e \.\[(.*)\]", conda)[1].split(",")
    assert sorted(extras) == sorted(project["optional-dependencies"])
    assert len(re.findall(r"^ +- (?!python|pip\b)", conda, re.M)) == 1, "all else comes from pyproject.toml"


def test_torch_is_pinned_once_for_all():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    torch = next(line for line in project["dependencies"] if line.startswith("torch"))
    assert f'TORCH = "{torch}"' in (ROOT / "install.py").read_text(encoding="utf-8")


def test_version_is_said_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == course_utils.__version__

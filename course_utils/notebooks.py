"""Notebooks as files: read, write, generate an exercise from its solution, execute, normalise, lint."""

import copy
import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.syllabus import ROOT

FOLDERS = ("notebooks", "exercises", "solutions")
KERNEL = "transformers-course"
KERNEL_TITLE = "Transformers course"
LIMIT = 600_000  # bytes of one committed notebook
STUB = 'raise NotImplementedError("Write your answer here")'
STUB_OF_TEXT = "Write your answer here."

_SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION[^\n]*\n.*?^[ \t]*### END SOLUTION[^\n]*$", re.M | re.S)
_ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/~-])(?:/(?:home|root|Users|tmp|work|opt|mnt|private|var/folders)/|[A-Z]:\\\\?\w)"
)
_MARKDOWN_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\(")
_HTML_IMAGE = re.compile(r"<img\b[^>]*>", re.I)
_ALT = re.compile(r"\balt\s*=\s*(?:\"[^\"]*\S[^\"]*\"|'[^']*\S[^']*')", re.I)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
_WIDGET = "application/vnd.jupyter.widget-view+json"


class NotebookError(ValueError):
    """A notebook that cannot be read, generated or executed; the message says where and what to do."""


def read(path: str | os.PathLike) -> NotebookNode:
    """Read a notebook of format 4.

    Raises:
        NotebookError: no such file, or not a notebook.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotebookError(f"There is no notebook {path}: check its name and folder.") from None
    except UnicodeDecodeError:
        raise NotebookError(
            f"{path} is not text in UTF-8, so it is no notebook: save it again from JupyterLab."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubled ids are the lint's business
            return nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat lets through what json, jsonschema and its converters raise
        raise NotebookError(
            f"{path} is not a notebook ({type(error).__name__}): save it again from JupyterLab."
        ) from None


def write(notebook: NotebookNode, path: str | os.PathLike) -> None:
    """Write a notebook in one step: a reader sees the old file or the new one, never half of it."""
    path = Path(path)
    text = nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


# ---- exercises -------------------------------------------------------------------------------------------------------


def grade_id(cell: NotebookNode) -> str:
    """The task or check that a cell belongs to, from nbgrader's metadata; empty for any other cell."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def is_answer(cell: NotebookNode) -> bool:
    """True for a cell that the learner is to fill in."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution", False))


def tasks(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The answer cells of an exercise or solution, task name -> cell, in order."""
    return {grade_id(cell): cell for cell in notebook.cells if is_answer(cell)}


def cut_solution(source: str, stub: str = STUB) -> str:
    """Replace each `### BEGIN SOLUTION … ### END SOLUTION` by a stub, at the same indentation.

    Raises:
        NotebookError: a marker without its partner.
    """
    cut = _SOLUTION.sub(lambda match: match[1] + stub, source)
    if "### BEGIN SOLUTION" in cut or "### END SOLUTION" in cut:
        raise NotebookError("A solution marker has no partner: write ### BEGIN SOLUTION and ### END SOLUTION in pairs.")
    return cut


def generate_exercise(solution: NotebookNode) -> NotebookNode:
    """The exercise that a solution notebook defines: solutions cut, outputs cleared, everything else untouched.

    Raises:
        NotebookError: an answer cell without solution markers, or a marker outside an answer cell.
    """
    exercise = copy.deepcopy(solution)
    for cell in exercise.cells:
        stub = cut_solution(cell.source, STUB if cell.cell_type == "code" else STUB_OF_TEXT)
        if is_answer(cell) != (stub != cell.source):
            raise NotebookError(f"The cell {cell.id!r}: answer cells, and only they, hold solution markers.")
        cell.source = stub
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return normalise(exercise)


def all_notebooks(root: Path = ROOT) -> list[Path]:
    """Every lesson, exercise and solution of the course, in order of folder and name."""
    return [path for folder in FOLDERS for path in sorted((root / folder).glob("*.ipynb"))]


def generate_all(root: Path = ROOT) -> list[Path]:
    """Write each exercise again from its solution; returns the files written."""
    written = []
    for solution in sorted((root / "solutions").glob("*.ipynb")):
        write(generate_exercise(read(solution)), root / "exercises" / solution.name)
        written.append(root / "exercises" / solution.name)
    return written


def mismatches(root: Path = ROOT) -> list[str]:
    """Exercises that are not what their solution generates, a sentence each."""
    wanted = {path.name: generate_exercise(read(path)) for path in sorted((root / "solutions").glob("*.ipynb"))}
    found = {path.name: read(path) for path in sorted((root / "exercises").glob("*.ipynb"))}
    remedy = "run `course notebooks`"
    return [
        f"exercises/{name}: it is not what solutions/{name} generates: {remedy}"
        for name in sorted({*wanted, *found})
        if wanted.get(name) != found.get(name)
    ]


# ---- execution and normal form ---------------------------------------------------------------------------------------


def execute(path: str | os.PathLike, report: Callable[[int, int], None] | None = None, timeout: int = 300) -> None:
    """Run a notebook top to bottom in its own folder with the course's kernel, normalise it and write it back.

    Args:
        path: the notebook.
        report: called as `report(cells_done, cells)` after each cell.
        timeout: seconds that one cell may take.

    Raises:
        NotebookError: a cell failed; the file is left as it was.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    path = Path(path)
    notebook = read(path)
    done = iter(range(1, len(notebook.cells) + 1))
    started: list[str] = []
    hooks = {"on_cell_start": lambda cell, **_: started.append(cell.get("id", "without an id"))}
    if report:
        hooks["on_cell_complete"] = lambda **_: report(next(done), len(notebook.cells))
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=timeout, kernel_name=KERNEL, resources=resources, **hooks)
    try:
        client.execute(env=os.environ | {"COURSE_PROGRESS": "off"})  # it is nobody's progress
    except CellTimeoutError as error:
        raise NotebookError(f"{path.name} does not run: its cell {started[-1]} took more than {timeout} s.") from error
    except CellExecutionError as error:
        raise NotebookError(f"{path.name} does not run: {_last_line(str(error))}") from error
    write(normalise(notebook), path)


def normalise(notebook: NotebookNode) -> NotebookNode:
    """The form in which a notebook is committed: no widget state, no timings, one kernel name, joined streams."""
    notebook = copy.deepcopy(notebook)
    kernelspec = {"display_name": KERNEL_TITLE, "language": "python", "name": KERNEL}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernelspec, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        for key in ("execution", "collapsed", "scrolled", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = list(_normal_outputs(cell.outputs))
    return notebook


def _normal_outputs(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Drop widget views (their state is not kept), and join pieces of one stream as they happen to arrive."""
    previous = None
    for output in outputs:
        if _WIDGET in output.get("data", {}):
            continue
        output.pop("transient", None)
        if (
            previous is not None
            and output.output_type == previous.output_type == "stream"
            and output.name == previous.name
        ):
            previous.text += output.text
            continue
        previous = output
        yield output


def _last_line(text: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).strip()
    return plain.splitlines()[-1] if plain else "no message"


# ---- lint ------------------------------------------------------------------------------------------------------------


def lint(path: str | os.PathLike, executed: bool = True) -> list[str]:
    """What is wrong with a committed notebook, a sentence each; empty when it is clean.

    Args:
        path: the notebook.
        executed: True for lessons and solutions (run in order, once), False for exercises (no outputs at all).
    """
    path = Path(path)
    try:
        notebook = read(path)
        nbformat.validate(notebook)
    except (NotebookError, nbformat.ValidationError) as error:
        return [_last_line(str(error))]
    found = [*_lint_file(path, notebook), *_lint_headings(notebook), *_lint_execution(notebook, executed)]
    for cell in notebook.cells:
        found += [f"cell {cell.get('id', '?')}: {problem}" for problem in _lint_cell(cell)]
    return found


def _lint_file(path: Path, notebook: NotebookNode) -> Iterator[str]:
    if path.stat().st_size > LIMIT:
        yield f"{path.stat().st_size / 1e3:.0f} KB: a notebook stays below {LIMIT / 1e3:.0f} KB"
    if "widgets" in notebook.metadata:
        yield "metadata.widgets holds widget state: run `course notebooks` to normalise it"
    if notebook.metadata.get("kernelspec", {}).get("name") != KERNEL:
        yield f"the kernel is not {KERNEL!r}: run `course notebooks` to normalise it"
    raw = json.loads(path.read_text(encoding="utf-8"))  # nbformat mends doubled ids in silence while it reads
    identifiers = [cell.get("id") for cell in raw["cells"]]
    if None in identifiers or len(set(identifiers)) < len(identifiers):
        yield "cell ids are missing or used twice: give every cell an id of its own"


def _lint_headings(notebook: NotebookNode) -> Iterator[str]:
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    levels = [len(mark) for mark in re.findall(r"^(#{1,6})\s+\S", _FENCE.sub("", text), re.M)]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield "a notebook begins with its one first-level heading"
    for above, below in zip(levels, levels[1:]):
        if below > above + 1:
            yield f"a heading of level {below} follows one of level {above}: no level is skipped"


def _lint_execution(notebook: NotebookNode, executed: bool) -> Iterator[str]:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if not executed:
        if any(cell.outputs or cell.execution_count for cell in cells):
            yield "an exercise is committed without outputs: generate it again from its solution"
    elif [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        yield "the cells were not executed once each, in order: run `course notebooks`"


def _lint_cell(cell: NotebookNode) -> Iterator[str]:
    if _ABSOLUTE_PATH.search(cell.source):
        yield "an absolute path in the source"
    if cell.cell_type == "markdown":
        if any(not match["alt"].strip() for match in _MARKDOWN_IMAGE.finditer(cell.source)):
            yield "a picture without alt text"
        yield from _images_without_alt(cell.source)
    for output in cell.get("outputs", []):
        yield from _lint_output(output, cell.metadata.get("tags", []))


def _lint_output(output: NotebookNode, tags: list[str]) -> Iterator[str]:
    data = output.get("data", {})
    text = "\n".join(str(value) for kind, value in data.items() if kind.startswith("text/")) + output.get("text", "")
    if _ABSOLUTE_PATH.search(text):
        yield "an absolute path in an output: print it relative to the home folder"
    if output.output_type == "stream" and output.name == "stderr":
        yield "noise on stderr in a committed output: silence its cause"
    if output.output_type == "error" and "raises-exception" not in tags:
        yield f"an error in a committed output: {output.ename}"
    if _WIDGET in data:
        yield "a widget view whose state is not kept: run `course notebooks` to normalise it"
    if any(kind.startswith("image/") for kind in data) and not _ALT.search(data.get("text/html", "")):
        yield "a figure without alt text: show it with show.figure(figure, alt=…)"
    yield from _images_without_alt(data.get("text/html", ""))


def _images_without_alt(html: str) -> Iterator[str]:
    if any(not _ALT.search(tag) for tag in _HTML_IMAGE.findall(html)):
        yield "an <img> without alt text"

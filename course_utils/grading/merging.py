"""The notebook that is graded: locked cells from the released exercise, answers and added cells from the submission.

A submission's answer cells are found by nbgrader's grade_id, by cell id, and last by the function that they define, so
that an answer survives being renamed, moved, duplicated, split, or saved by an editor that drops metadata.
"""

import re
from collections.abc import Sequence

MAX_ADDED = 200  # cells that the learner added; more are left out


def merge(released: dict, submitted: dict) -> tuple[list[dict], list[str]]:
    """The code cells to run, in order, and sentences about what was mended.

    Each cell is {"id", "task", "source"}: `task` is "" for a locked cell, and "+" for one that the learner added. Check
    cells are left out: the tests run from outside.
    """
    tasks = [_grade_id(cell) for cell in released["cells"] if _flag(cell, "solution")]
    stubs = {_grade_id(cell): cell["source"] for cell in released["cells"] if _flag(cell, "solution")}
    locked = {cell["id"] for cell in released["cells"]} | {_grade_id(cell) for cell in released["cells"]}
    answers, problems = answer_cells(tasks, stubs, submitted["cells"])
    added = _added(submitted["cells"], locked, answers, problems)
    cells = [{"id": cell["id"], "task": "+", "source": cell["source"]} for cell in added.get("", ())]
    for cell in released["cells"]:
        task = _grade_id(cell) if _flag(cell, "solution") else ""
        if cell["cell_type"] == "code" and not _flag(cell, "grade"):
            source = answers[task]["source"] if task in answers else cell["source"]
            cells.append({"id": cell["id"], "task": task, "source": source})
        extra = added.get(cell["id"], ())
        cells += [{"id": other["id"], "task": "+", "source": other["source"]} for other in extra]
    return cells, problems


def answer_cells(tasks: Sequence[str], stubs: dict, cells: list[dict]) -> tuple[dict, list[str]]:
    """For each task the cell that answers it; a task without one is left to the released stub."""
    answers, problems = {}, []
    for task in tasks:
        named = [cell for cell in cells if task in (_grade_id(cell), cell["id"])]
        defining = [cell for cell in cells if _defines(task, cell["source"])]
        candidates = [cell for cell in named if cell in defining] or defining or named
        changed = [cell for cell in candidates if cell["source"].strip() != stubs[task].strip()]
        if not candidates:
            problems.append(f"The answer cell of {task} is missing.")
            continue
        answers[task] = (changed or candidates)[-1]
        if len(changed) > 1:
            problems.append(f"There are {len(changed)} answer cells for {task}; the last one was graded.")
        elif answers[task] not in named:
            problems.append(f"The answer of {task} was found in another cell.")
    return answers, problems


def _added(cells, locked, answers, problems):
    """The learner's own code cells, each under the id of the released cell that it follows."""
    taken = {id(cell) for cell in answers.values()}
    added, anchor, count = {}, "", 0
    for cell in cells:
        if id(cell) in taken:
            anchor = next(task for task, answer in answers.items() if answer is cell)
        elif cell["id"] in locked or _grade_id(cell) in locked:
            anchor = cell["id"] if cell["id"] in locked else _grade_id(cell)
        elif cell["cell_type"] == "code" and cell["source"].strip():
            count += 1
            if count <= MAX_ADDED:
                added.setdefault(anchor, []).append(cell)
    if count > MAX_ADDED:
        problems.append(f"The notebook has {count} added cells; the first {MAX_ADDED} were run.")
    return added


def _defines(task, source):
    name = re.escape(task)
    return bool(re.search(rf"^(?:async\s+)?(?:def|class)\s+{name}\b|^{name}\s*=", source, re.M))


def _grade_id(cell):
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def _flag(cell, name):
    return bool(cell["metadata"].get("nbgrader", {}).get(name, False))

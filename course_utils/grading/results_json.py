"""One learner's result as Gradescope's `results.json` and as GitHub Classroom's autograding result.

Both show learners only what their feedback page shows: a test's description and hint, never its name or data.
"""

import json
from typing import TYPE_CHECKING

from .feedback import line as one_line
from .feedback import points

if TYPE_CHECKING:
    from .exporting import Line


def gradescope(line: "Line") -> str:
    """`results.json` as Gradescope documents it; the score on top has deductions and adjustments in it.

    Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
    """
    grade = line.entry.grade if line.entry else None
    tests = [
        {
            "score": test.earned,
            "max_score": test.points,
            "name": f"{one_line(test.task)}: {one_line(test.description)}",
            "status": "passed" if test.outcome == "passed" else "failed",
            "output": one_line(test.hint),
            "visibility": "visible",
        }
        for test in (grade.tests if grade else [])
    ]
    result = {"score": line.total, "output": "\n".join(summary(line)), "visibility": "visible"}
    if grade:
        result["execution_time"] = round(grade.seconds, 3)
    return _json(result | {"stdout_visibility": "hidden", "tests": tests})


def classroom(line: "Line") -> str:
    """The result of one test runner as `autograding-grading-reporter` reads it (base64 of it is the runner's output).

    The reporter adds up the tests' scores, so that what people and lateness changed is one more line.
    Source: https://github.com/classroom-resources/autograding-grading-reporter, src/notify-classroom.js
    """
    grade = line.entry.grade if line.entry else None
    tests = [
        {
            "name": f"{one_line(test.task)}: {one_line(test.description)}",
            "status": {"passed": "pass", "failed": "fail"}.get(test.outcome, "error"),
            "score": test.earned,
            "message": one_line(test.hint) or None,
            "test_code": "",
            "filename": "",
            "line_no": 0,
            "execution_time": round(test.seconds, 3),
        }
        for test in (grade.tests if grade else [])
    ]
    rest = round(line.total - sum(test["score"] for test in tests), 6)
    if rest:
        words = "; ".join(summary(line))
        more = {"test_code": "", "filename": "", "line_no": 0, "execution_time": 0}
        tests.append({"name": "besides the tests", "status": "pass", "score": rest, "message": words} | more)
    good = all(test["status"] == "pass" for test in tests) and bool(tests)
    return _json({"version": 1, "status": "pass" if good else "fail", "max_score": line.mark.most, "tests": tests})


def summary(line: "Line") -> list[str]:
    """How a mark came about, in sentences."""
    mark = line.mark
    words = [f"{points(mark.total)} of {points(mark.most)} points."]
    if line.entry and line.entry.problem and not line.entry.failed:
        words.append(one_line(line.entry.problem))
    if mark.hand_marks:
        words.append(f"{points(mark.hand)} of them were given by hand.")
    words += [f"{one_line(given.task)}: {one_line(given.comment)}" for given in mark.hand_marks if given.comment]
    if mark.deduction:
        days = "1 day" if mark.days_late == 1 else f"{mark.days_late} days"
        words.append(f"{points(mark.deduction)} points were taken off for {days} late.")
    words += [one_line(str(one)) for one in mark.adjustments]
    return words


def _json(content: dict) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

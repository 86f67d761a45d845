"""Marks as the CSV that Canvas, Moodle and GitHub Classroom know.

Text of strangers never becomes a formula (`export.safe`); numbers stay numbers. These files are for uploading, so
they begin without a byte order mark unless the template that is filled has one: the systems read UTF-8 without it.
"""

import csv
import html
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..syllabus import Day
from .export import ExportError, is_formula, safe
from .feedback import points, task_views
from .results_json import summary
from .roster import Person, Roster, Table, fold, people_of, read_table

if TYPE_CHECKING:
    from .exporting import Line, Order

_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?%?")
_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_CANVAS_COLUMNS = {*_CANVAS, "LastName", "FirstName", "Integration ID", "Root Account"}
_WITH_ID = re.compile(r"(?P<title>.*?)\s*\((?P<id>\d+)\)", re.S)
_MOODLE = (("email", "Email address"), ("number", "ID number"), ("login", "Username"))
_WORKSHEET = "Feedback comments"
CLASSROOM = (
    "assignment_name",
    "assignment_url",
    "starter_code_url",
    "github_username",
    "roster_identifier",
    "student_repository_name",
    "student_repository_url",
    "submission_timestamp",
    "points_awarded",
    "points_available",
)


def canvas(order: "Order") -> str:
    """Canvas's gradebook CSV: who, a column `<assignment> (<id>)` a day, and the row `Points Possible`.

    With an export of the course as template its rows and ids are kept, of its columns those that Canvas needs and those
    of the exported days; a mark that is not there leaves the cell as it is. Without one the roster gives the ids.

    Source: https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807;
    canvas-lms, lib/gradebook_importer.rb.

    Raises:
        ExportError: the template has no column, or several, for a day.
    """
    if order.template:
        return _filled_canvas(order, read_table(order.template))
    header = [*_CANVAS, *(safe(order.headings[day]) for day in order.days)]
    most = [next(line.mark.most for line in order.lines if line.day == day) for day in order.days]
    rows = [header, ["    Points Possible", "", "", "", "", *most]]
    totals = {day: order.of(day) for day in order.days}
    for student, person in _students(order):
        known = person.identifiers if person else {}
        if not {"canvas", "number", "login"} & set(known):
            order.remarks.append(f"{student} has no id of Canvas: it will look for the name.")
        about = [known.get(kind, "") for kind in ("canvas", "number", "login")]
        about = [person.name if person else student, *about, person.section if person else ""]
        rows.append([*map(neutral, about), *(_total(totals[day], student) for day in order.days)])
    return _csv(rows)


def _filled_canvas(order: "Order", table: Table) -> str:
    header = table.rows[0]
    columns = {day: _assignment(order, table, day) for day in order.days}
    kept = [place for place, name in enumerate(header) if name in _CANVAS_COLUMNS or place in columns.values()]
    people = people_of(table)
    found = _matched(order, Roster(person for person in people if person))
    rows = [[header[place] for place in kept]]
    for row, person in zip(table.rows[1:], people):
        cells = {place: neutral(text) for place, text in enumerate(row)}
        for day, place in columns.items():
            if person in found and day in found[person]:
                cells[place] = found[person][day].total
            elif "points possible" in row[0].casefold():
                _compare_points(order, day, row[place] if place < len(row) else "")
        if person or "points possible" in row[0].casefold() or any(row[:2]):
            rows.append([cells.get(place, "") for place in kept])
    return _csv(rows, table)


def _assignment(order: "Order", table: Table, day: Day) -> int:
    """The place of a day's column: by the assignment that was named, else by the day's title, number or slug."""
    wanted = fold(order.headings[day])
    candidates = {place: match for place, name in enumerate(table.rows[0]) if (match := _WITH_ID.fullmatch(name))}
    exact = [p for p, m in candidates.items() if wanted in (fold(m[0]), fold(m["title"]), m["id"])]
    number = rf"\bday ?0*{day.number}\b"
    alike = [
        place
        for place, match in candidates.items()
        if fold(day.slug) in fold(match["title"])
        or fold(day.title) == fold(match["title"])
        or re.search(number, fold(match["title"]))
    ]
    found = exact or alike
    if len(found) == 1:
        return found[0]
    listed = "; ".join(match[0] for match in candidates.values()) or "none"
    which = "no column" if not found else f"{len(found)} columns"
    raise ExportError(
        f"{table.name} has {which} for Day {day.number} ({day.title}); it has {listed}. "
        "Say which with --day and --assignment."
    )


def _compare_points(order: "Order", day: Day, cell: str) -> None:
    most = next(line.mark.most for line in order.lines if line.day == day)
    if _NUMBER.fullmatch(cell) and float(cell.replace(",", ".").rstrip("%")) != most:
        order.remarks.append(f"Day {day.number}: Canvas has {cell} points possible, the course {points(most)}.")


def _matched(order: "Order", known: Roster) -> "dict[Person, dict[Day, Line]]":
    """The template's learners with their lines; who is not in it is named."""
    found: dict[Person, dict[Day, Line]] = {}
    for day in order.days:
        for student, line in order.of(day).items():
            people = known.find(line.person.identifiers, line.person.name) if line.person else ()
            person = people[0] if len(people) == 1 else known.named(student)
            if person is None:
                order.remarks.append(f"{student} is not in the template, or is there twice: no mark was written.")
            else:
                found.setdefault(person, {})[day] = line
    return found


def moodle(order: "Order") -> str:
    """Moodle's grade import: an identifier, and for each day its points and its feedback.

    Moodle asks on import which column is which; map the first one to itself. Grade and feedback come together, since
    feedback imported alone deletes the grade. With the assignment's grading worksheet as template, its columns `Grade`
    and `Feedback comments` are filled instead and it goes back by "Upload grading worksheet".

    Source: https://docs.moodle.org/en/Grade_import, https://docs.moodle.org/en/Assignment_activity

    Raises:
        ExportError: the roster has no identifier that Moodle knows, or the template is no worksheet of one day.
    """
    if order.template:
        return _filled_worksheet(order, read_table(order.template))
    people = dict(_students(order))
    complete = [(kind, name) for kind, name in _MOODLE if any(p and kind in p.identifiers for p in people.values())]
    if not complete:
        raise ExportError(
            "Moodle knows learners by email address, ID number or username: give a roster that has one with --roster, "
            "or the assignment's grading worksheet with --template."
        )
    kind, name = complete[0]
    pairs = [(safe(order.headings[day]), safe(f"{order.headings[day]} (feedback)")) for day in order.days]
    rows: list[list] = [[name, *(text for pair in pairs for text in pair)]]
    totals = {day: order.of(day) for day in order.days}
    for student, person in people.items():
        if not person or kind not in person.identifiers:
            order.remarks.append(f"{student} has no {name.lower()}: left out.")
            continue
        cells = [cell for day in order.days for cell in _with_feedback(totals[day].get(student))]
        if any(cell != "" for cell in cells):
            rows.append([neutral(person.identifiers[kind]), *cells])
    return _csv(rows)


def _with_feedback(line: "Line | None") -> list:
    return [line.total, safe(feedback(line))] if line else ["", ""]


def _filled_worksheet(order: "Order", table: Table) -> str:
    header = table.rows[0]
    if len(order.days) != 1 or "Grade" not in header or "Identifier" not in header:
        raise ExportError(
            f"{table.name}: a template for Moodle is the grading worksheet of one assignment: say whose day with --day."
        )
    people = people_of(table)
    found = _matched(order, Roster(person for person in people if person))
    grade, comments = header.index("Grade"), header.index(_WORKSHEET) if _WORKSHEET in header else None
    rows: list[list] = [list(header)]
    for row, person in zip(table.rows[1:], people):
        cells: list = [*map(neutral, row), *[""] * (len(header) - len(row))]
        if person in found:
            line = found[person][order.days[0]]
            cells[grade] = line.total
            if comments is not None:
                cells[comments] = safe(feedback(line))
        rows.append(cells)
    return _csv(rows, table)


def feedback(line: "Line") -> str:
    """A few sentences for a cell: the mark, the points of each task, and the first hint. Moodle shows it as HTML."""
    words = summary(line)
    views = task_views(line.entry) if line.entry else []
    words += [f"{view.name}: {points(view.earned)} of {points(view.points)}." for view in views]
    words += [line.entry.sentence] if line.entry and line.entry.grade else []
    return html.escape(" ".join(filter(None, words)), quote=False)


def classroom(order: "Order") -> str:
    """GitHub Classroom's grades, with the columns of its own download.

    Source: https://docs.github.com/en/rest/classroom/classroom#get-assignment-grades
    """
    rows: list[list] = [list(CLASSROOM)]
    for line in order.lines:
        if line.mark.final:
            known = line.person.identifiers if line.person else {}
            if "github" not in known:
                order.remarks.append(f"{line.student} has no GitHub user name on the roster.")
            who = [known.get("github", ""), known.get("identifier") or known.get("number") or line.student]
            time = line.mark.submitted.isoformat(timespec="seconds") if line.mark.submitted else ""
            texts = [order.headings[line.day], "", "", *who, "", "", time]
            rows.append([*map(neutral, texts), line.total, line.mark.most])
    return _csv(rows)


def _students(order: "Order") -> Iterable[tuple[str, Person | None]]:
    return {line.student: line.person for line in order.lines}.items()


def _total(lines: "Mapping[str, Line]", student: str) -> float | str:
    return lines[student].total if student in lines else ""


def neutral(text: str) -> str:
    """A cell as it is, unless a spreadsheet would calculate it; an id must not change, and a number is none."""
    return safe(text) if is_formula(text) and not _NUMBER.fullmatch(text) else text


def _csv(rows: Iterable[Sequence], like: Table | None = None) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=like.separator if like else ",", lineterminator="\r\n").writerows(rows)
    return ("\ufeff" if like and like.mark else "") + buffer.getvalue()

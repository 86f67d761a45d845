"""The console script `course`. Thin: each command calls one function of the package and shows what it returns."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

app = typer.Typer(help="The Transformers course.", no_args_is_help=True, add_completion=False, rich_markup_mode=None)
console = Console(highlight=False, soft_wrap=True)

SIGNS = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "failure": "[red]failure[/]"}
DayArgument = Annotated[str, typer.Argument(help="A day: day01, day01_pipelines or 1.")]

StudentArgument = Annotated[str, typer.Argument(help="A learner, as `course marks` shows the name.")]
ReasonOption = Annotated[str, typer.Option(help="Why, in words; the learner's page shows it with the mark.")]
AuthorOption = Annotated[str, typer.Option(help="Who decides; the computer's user if not given.")]
NewOption = Annotated[bool, typer.Option("--new", help="Accept a learner whom the gradebook does not have.")]
OutOption = Annotated[Path, typer.Option(help="The folder that `course grade` wrote.")]
GradebookOption = Annotated[
    str | None,
    typer.Option(envvar="COURSE_GRADEBOOK", help="A file or an SQLAlchemy URL, if not gradebook.db in the folder."),
]


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show the course's own errors as their one sentence; anything else is a defect and keeps its traceback."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        if not type(error).__module__.startswith("course_utils"):
            raise
        console.print(f"[red]{_escape(str(error))}[/]")
        raise typer.Exit(1) from None


@app.command()
def lab(
    port: Annotated[
        int | None, typer.Option(help="The port to listen on; 8888 or the next free one if not given.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Open the course in JupyterLab on Day 1."""
    from course_utils.lab import open_lab

    with plain_errors():
        prepare()
        raise typer.Exit(open_lab(port or 8888, port is not None, browser, console.print))


@app.command()
def doctor() -> None:
    """Check this machine: a line each, with the remedy; exit status 1 on a failure."""
    from course_utils.doctor import examine

    failed = False
    for finding in examine():
        remedy = f" → {finding.remedy}" if finding.remedy else ""
        console.print(f"{SIGNS[finding.status]} {finding.subject}: {_escape(finding.message + remedy)}")
        failed |= finding.status == "failure"
    raise typer.Exit(int(failed))


@app.command()
def prepare() -> None:
    """Get the built-in checkpoints and the kernel ready, once."""
    from matplotlib import font_manager  # noqa: F401  its list of fonts is built once, and says so on stderr

    from course_utils import checkpoints, lab

    with plain_errors():
        lab.register_kernel()
        for name in checkpoints.names():
            checkpoints.checkpoint(name)


@app.command()
def models(
    name: Annotated[str | None, typer.Argument(help="One checkpoint, to read its card.")] = None,
    evaluate: Annotated[bool, typer.Option("--evaluate", help="Measure it, or all, on texts of the course.")] = False,
) -> None:
    """List the built-in checkpoints, show the card of one, or measure them again."""
    from course_utils import checkpoints

    with plain_errors():
        if evaluate:
            _evaluate([checkpoints.describe(name).name] if name else None)
            return
        if name:
            console.print(checkpoints.card_text(name), markup=False)
            return
        headings = "name", "task", "parameters", "MB", "licence", "measured quality", "Hub twin"
        table = Table(*map(_column, headings), show_lines=True)
        for entry in map(checkpoints.describe, checkpoints.names()):
            numbers = f"{entry.parameters:,}", f"{entry.size / 1e6:.1f}"
            table.add_row(entry.name, entry.task, *numbers, entry.licence, entry.quality, entry.hub_id)
        console.print(table)


def _column(heading: str) -> Column:
    """A column that breaks lines, but never within a name or a number."""
    return Column(heading, overflow="fold", no_wrap=heading in {"name", "parameters", "MB", "texts"})


def _evaluate(names: list[str] | None) -> None:
    """Measure checkpoints, with a bar each, and print one table."""
    from rich.progress import Progress

    from course_utils import evaluation

    table = Table(*map(_column, ("name", "measure", "on", "value (95 %)", "texts")))
    with Progress(console=Console(stderr=True)) as progress:
        for name in names or evaluation.measurable():
            bar = progress.add_task(name, total=None)
            scores = evaluation.evaluate(name, lambda done, of, bar=bar: progress.update(bar, completed=done, total=of))
            for score in scores:
                table.add_row(score.checkpoint, score.measure, score.texts, str(score), str(score.rows))
    console.print(table)


@app.command()
def lint(
    paths: Annotated[list[Path] | None, typer.Argument(help="Notebooks; all of the course if none.")] = None,
) -> None:
    """Check committed notebooks; exit status 1 if anything is wrong."""
    from course_utils import navigation, notebooks

    problems = [
        f"{path}: {problem}"
        for path in paths or notebooks.all_notebooks()
        for problem in notebooks.lint(path, executed=path.resolve().parent.name != "exercises")
    ]
    problems += [] if paths else notebooks.mismatches() + navigation.mismatches()
    for problem in problems:
        console.print(problem, markup=False)
    console.print(f"{len(problems)} problems" if problems else "All notebooks are clean.")
    raise typer.Exit(bool(problems))


@app.command("notebooks")
def rebuild(
    paths: Annotated[list[Path] | None, typer.Argument(help="Notebooks; all if none.")] = None,
    links: Annotated[bool, typer.Option("--links", help="Execute nothing: navigation and exercises only.")] = False,
) -> None:
    """Execute lessons and solutions again, normalise them, write their navigation, and generate the exercises."""
    from rich.progress import Progress

    from course_utils import navigation, notebooks

    sources = [path for path in paths or notebooks.all_notebooks() if path.resolve().parent.name != "exercises"]
    with plain_errors(), Progress(console=console) as progress:
        navigation.refresh()
        for path in [] if links else sources:
            bar = progress.add_task(path.name)
            notebooks.execute(path, lambda done, cells, bar=bar: progress.update(bar, completed=done, total=cells))
        notebooks.generate_all()


@app.command()
def check(
    day: DayArgument,
    task: Annotated[str | None, typer.Argument(help="One task; all if none.")] = None,
    notebook: Annotated[Path | None, typer.Option(help="Your notebook, if it is not in exercises/.")] = None,
) -> None:
    """Run your exercise notebook and its public checks, and show the hints; exit status 1 if one fails."""
    from course_utils.check import check_notebook

    with plain_errors():
        with console.status("Running your notebook and its checks …"):
            results = check_notebook(day, task, notebook)
        for result in results:
            console.print(str(result), markup=False)
    raise typer.Exit(not all(result.passed for result in results))


@app.command()
def submit(
    day: DayArgument,
    student: Annotated[str, typer.Option(prompt="Your name or number", help="As your instructor knows you.")],
    out: Annotated[Path, typer.Option(help="The folder for the zip.")] = Path("submissions"),
    notebook: Annotated[Path | None, typer.Option(help="Your notebook, if it is not in exercises/.")] = None,
) -> None:
    """Check an exercise notebook and write it into one zip, to hand in."""
    from course_utils import logbook
    from course_utils.grading.submissions import submit as write_submission

    with plain_errors():
        report = write_submission(day, student, out, notebook)
        if report.ok:
            logbook.note_submission(report.day)
    console.print("\n".join(report.lines()), markup=False)
    raise typer.Exit(not report.ok)


@app.command()
def progress() -> None:
    """Show what you have done, what is left, and your points so far; nothing is run and nothing is sent."""
    from course_utils.logbook import progress as look

    with plain_errors():
        console.print(str(look()), markup=False)


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="Zips and notebooks, one each submission.")],
    out: Annotated[Path, typer.Option(help="Where gradebook, CSV and feedback pages go.")] = Path("graded"),
    day: Annotated[str | None, typer.Option(help="Grade everything as this day.")] = None,
    sandbox: Annotated[str | None, typer.Option(help="bwrap, namespaces or none; the strongest if not given.")] = None,
    workers: Annotated[int | None, typer.Option(help="Submissions at the same time; one a core if not given.")] = None,
    regrade: Annotated[bool, typer.Option("--regrade", help="Run also what is unchanged.")] = False,
    policy: Annotated[Path | None, typer.Option(help="Deadlines and lateness, a TOML file; kept from then on.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Grade on the workers of this Dask scheduler.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be graded and why; do nothing.")] = False,
    gradebook: GradebookOption = None,
) -> None:
    """Grade a folder of submissions, each behind a wall of its own."""
    from course_utils.grading import batch

    options = {"sandbox": sandbox, "regrade": regrade, "gradebook": gradebook}
    with plain_errors():
        if dry_run:
            console.print(str(batch.plan_folder(folder, out, day, elsewhere=bool(scheduler), **options)), markup=False)
            return
        with batch.progress_bar(Console(stderr=True)) as progress:
            options |= {"workers": workers, "policy": policy, "scheduler": scheduler, "progress": progress}
            result = batch.grade_folder(folder, out, day, **options)
        console.print(result.table())
        console.print(str(result), markup=False)
    raise typer.Exit(bool(result.failed or result.interrupted))


@app.command()
def adjust(
    student: StudentArgument,
    day: DayArgument,
    add: Annotated[float | None, typer.Option(help="Points to add, or to take: --add -1.")] = None,
    set_to: Annotated[float | None, typer.Option("--set", help="The mark, whatever tests and deadline say.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Undo all adjustments so far.")] = False,
    reason: ReasonOption = "",
    author: AuthorOption = "",
    new: NewOption = False,
    out: OutOption = Path("graded"),
    gradebook: GradebookOption = None,
) -> None:
    """Change a mark by hand; what the tests gave is kept, and so is who decided, when and why."""
    what = {"student": student, "day": day, "add": add, "set_to": set_to, "clear": clear}
    _decide("adjust", **what, reason=reason, author=author, new=new, out=out, gradebook=gradebook)


@app.command()
def extend(
    student: StudentArgument,
    day: DayArgument,
    until: Annotated[str, typer.Argument(help="2026-03-10, 2026-03-10T18:00, or none to withdraw it.")],
    reason: ReasonOption = "",
    author: AuthorOption = "",
    new: NewOption = False,
    out: OutOption = Path("graded"),
    gradebook: GradebookOption = None,
) -> None:
    """Give a learner a deadline of their own for one day."""
    what = {"student": student, "day": day, "until": until}
    _decide("extend", **what, reason=reason, author=author, new=new, out=out, gradebook=gradebook)


def _decide(which: str, **options) -> None:
    """Take a decision about a mark and say what it did."""
    from course_utils.grading import decisions

    with plain_errors():
        console.print(str(getattr(decisions, which)(**options)), markup=False)


@app.command()
def review(
    day: Annotated[str | None, typer.Option(help="Only this day.")] = None,
    author: AuthorOption = "",
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Hide the names.")] = False,
    port: Annotated[int, typer.Option(help="The port to listen on; a free one if 0.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    out: OutOption = Path("graded"),
    gradebook: GradebookOption = None,
) -> None:
    """Read free-text answers beside their rubric and give marks, on a page of this computer."""
    from course_utils.grading.review import reviewing, wait

    with plain_errors(), reviewing(out, gradebook, day, author, port, anonymous) as address:
        console.print(f"Answers to read: {address}\nCtrl+C ends.", markup=False)
        wait(address if browser else None)


@app.command()
def marks(
    student: Annotated[str | None, typer.Option(help="One learner: the parts of each mark, the decisions.")] = None,
    day: Annotated[str | None, typer.Option(help="One day: the parts of each mark.")] = None,
    out: OutOption = Path("graded"),
    gradebook: GradebookOption = None,
) -> None:
    """Show what everybody has: tests, marks by hand, lateness, adjustments, and the sum."""
    from course_utils.grading import decisions

    with plain_errors():
        table, decided = decisions.marks_table(out, gradebook, student, day)
    console.print(table)
    console.print("\n".join(decided), markup=False)


@app.command()
def collect(
    downloads: Annotated[Path, typer.Argument(help="A folder, or one zip, as the school's system gave it.")],
    out: Annotated[Path, typer.Argument(help="The folder that `course grade` reads; it grows.")] = Path("submissions"),
    roster: Annotated[Path | None, typer.Option(help="The class as CSV: names learners, and who is missing.")] = None,
) -> None:
    """Sort downloads of Canvas, Moodle, Gradescope or GitHub Classroom, or plain zips, by learner."""
    from course_utils.grading.collecting import collect as collect_downloads

    with plain_errors():
        with console.status("Reading the downloads …"):
            report = collect_downloads(downloads, out, roster)
        console.print(str(report), markup=False)


@app.command()
def export(
    kind: Annotated[str, typer.Argument(help="canvas, moodle, gradescope, classroom or csv.")],
    out: Annotated[Path, typer.Argument(help="The file; for gradescope and classroom a folder.")],
    gradebook: Annotated[str, typer.Option(help="A file or an SQLAlchemy URL.")] = "graded/gradebook.db",
    day: Annotated[str | None, typer.Option(help="Only this day.")] = None,
    roster: Annotated[Path | None, typer.Option(help="The class as CSV, with the system's ids.")] = None,
    template: Annotated[
        Path | None, typer.Option(help="Canvas's gradebook export, or Moodle's grading worksheet, to fill.")
    ] = None,
    assignment: Annotated[str | None, typer.Option(help="What the system calls the day's assignment.")] = None,
) -> None:
    """Write the marks as the school's system imports them."""
    from course_utils.grading.exporting import export as export_marks

    with plain_errors():
        report = export_marks(gradebook, kind, out, day, roster, template, assignment)
        console.print(str(report), markup=False)


@app.command()
def release(
    out: Annotated[Path, typer.Argument(help="A new folder, or a file ending in .zip.")],
    day: Annotated[str | None, typer.Option(help="Only this day.")] = None,
) -> None:
    """Write the learner's copy of the course: no solutions, no hidden tests, no answers."""
    from course_utils.release import release as write_release

    with plain_errors():
        console.print(str(write_release(out, day)), markup=False)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)

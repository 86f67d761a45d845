"""Free-text answers beside their rubric, one at a time, on a small page that only this computer can open.

`course review` serves it on 127.0.0.1 under an address that holds a secret. The page shows a learner's words as plain
text: nothing of theirs is rendered or run. Every mark goes into the gradebook at once, with its author.
"""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from urllib.parse import parse_qs

from markupsafe import Markup

from .. import syllabus
from .decisions import open_book, renew_reports
from .feedback import environment
from .gradebook import Gradebook, GradebookError
from .hand import Rubric, rubrics
from .marks import Answer, DecisionError, HandMark, whoami

BODY = 200_000  # bytes of one form
SECONDS = 30  # for a browser to send one request


class ReviewError(RuntimeError):
    """A review that cannot begin; the message says why."""


@dataclass(frozen=True)
class Item:
    """One answer to read."""

    student: str
    day: str
    answer: Answer
    rubric: Rubric
    given: HandMark | None  # the newest mark for this text
    earlier: tuple[HandMark, ...]  # every mark that this learner has had for this task, oldest first

    @property
    def key(self) -> str:
        """What names it in an address: nothing that a learner wrote."""
        return hashlib.sha256("\0".join((self.day, self.answer.task, self.student)).encode()).hexdigest()[:16]


def items(book: Gradebook, day: str | None = None, anonymous: bool = False) -> list[Item]:
    """The answers to read, of the submissions that count: a task after the other, within it by learner.

    Args:
        book: the gradebook.
        day: only this day's, a slug.
        anonymous: in an order that says nothing of the learner.
    """
    rules, found = book.rules(), []
    for graded, _ in book.counting():
        if graded.answers and day in (None, graded.day):
            known = rubrics(graded.day)
            for answer in filter(lambda answer: answer.written, graded.answers):
                had = (h for h in rules.hand_marks if (h.student, h.day) == (graded.student, graded.day))
                item = Item(
                    student=graded.student,
                    day=graded.day,
                    answer=answer,
                    rubric=known.get(answer.task) or Rubric(answer.task, answer.points, "", ""),
                    given=rules.given(graded.student, graded.day, answer),
                    earlier=tuple(one for one in had if one.task == answer.task),
                )
                found.append(item)
    by = (lambda item: item.key) if anonymous else (lambda item: (item.student.casefold(), item.student))
    return sorted(found, key=lambda item: (item.day, item.answer.task, by(item)))


# --- pages ------------------------------------------------------------------------------------------------------


def item_page(found: list[Item], number: int, author: str, anonymous: bool = False, problem: str = "") -> str:
    """The page of one answer: the words at the left, rubric and form at the right."""
    item = found[number]
    later = [one for one in (*found[number + 1 :], *found[:number]) if one.given is None]
    around = {"before": found[number - 1].key if number else "", "after": _key(found, number + 1)}
    return _render(
        "review_item.html.j2",
        item=item,
        name=_name(number, item, anonymous),
        number=number + 1,
        total=len(found),
        marked=sum(one.given is not None for one in found),
        text=shown(item.answer.text),
        question=shown(item.rubric.question),
        model_answer=shown(item.rubric.model_answer),
        following=later[0].key if later else "",
        author=author,
        problem=problem,
        **around,
    )


def list_page(found: list[Item], anonymous: bool = False) -> str:
    """The page of all answers and their marks."""
    rows = [{"item": item, "name": _name(number, item, anonymous)} for number, item in enumerate(found)]
    return _render("review_list.html.j2", rows=rows, marked=sum(item.given is not None for item in found))


def _render(template: str, **values) -> str:
    script, digest = _script()
    return environment().get_template(template).render(script=script, script_hash=digest, **values)


@cache
def _script() -> tuple[Markup, str]:
    text = Path(__file__).with_name("templates").joinpath("review.js").read_text(encoding="utf-8")
    return Markup(text), base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _key(found: list[Item], number: int) -> str:
    return found[number].key if number < len(found) else ""


def _name(number: int, item: Item, anonymous: bool) -> str:
    return f"Answer {number + 1}" if anonymous else item.student


def shown(text: str) -> str:
    """Text of a stranger with its lines, and what cannot be seen (or turns the writing round) as escapes."""
    return "".join(char if char in "\n\t" or not _hidden(char) else _escaped(char) for char in text)


def _hidden(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


# --- serving ----------------------------------------------------------------------------------------------------


@contextmanager
def reviewing(
    out: str | Path = "graded",
    gradebook: str | Path | None = None,
    day: "str | int | None" = None,
    author: str = "",
    port: int = 0,
    anonymous: bool = False,
) -> Iterator[str]:
    """Serve the answers while the block runs; gives the page's address. The reports are written again at the end.

    Raises:
        ReviewError: there is nothing to read, or the port is taken.
        GradebookError: the gradebook is not there or cannot be opened.
        SyllabusError: no such day.
    """
    slug = None if day is None else syllabus.day(day).slug
    with open_book(out, gradebook) as book:
        if not items(book, slug):
            raise ReviewError("There are no answers to read: no graded submission has a task that a person marks.")
        token = secrets.token_urlsafe(18)
        try:
            server = ThreadingHTTPServer(
                ("127.0.0.1", port), _handler(book, token, slug, author or whoami(), anonymous)
            )
        except OSError as error:
            raise ReviewError(f"Port {port} cannot be used ({error.strerror}): choose another with --port.") from None
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{token}/"
        finally:
            server.shutdown()
            server.server_close()
            renew_reports(book, out)


def wait(address: str | None = None) -> None:
    """Wait for Ctrl+C, with the page open in a browser if an address is given."""
    import webbrowser

    with TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        if address:  # by way of a file that only this user can read: everybody can read a browser's arguments
            page = Path(folder, "review.html")
            page.write_text(f'<meta http-equiv="refresh" content="0; url={address}">', encoding="utf-8")
            webbrowser.open(page.as_uri())
        Event().wait()


def _handler(book: Gradebook, token: str, day: str | None, author: str, anonymous: bool) -> type:
    """A handler class that knows the gradebook; `http.server` makes an object of it for every request."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "course", ""
        timeout = SECONDS

        def do_GET(self):
            """Show the list, or one answer."""
            self._guarded(self._show)

        def do_POST(self):
            """Take a mark."""
            self._guarded(self._take)

        def log_message(self, *_):
            """Keep the terminal free: the address holds the secret."""

        def _guarded(self, work: Callable[[str, list[Item]], None]) -> None:
            host = self.headers.get("Host", "")
            own = {f"{name}:{self.server.server_port}" for name in ("127.0.0.1", "localhost")}
            given, _, rest = self.path.removeprefix("/").partition("/")
            from_elsewhere = self.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
            known = hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
            if host not in own or not known or (from_elsewhere and self.command == "POST"):
                return self._send(HTTPStatus.FORBIDDEN, "Open the address that `course review` printed.", "plain")
            try:
                work(rest, items(book, day, anonymous))
            except GradebookError as error:
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, str(error), "plain")

        def _show(self, key: str, found: list[Item]) -> None:
            numbers = {item.key: number for number, item in enumerate(found)}
            if key == "":
                return self._send(HTTPStatus.OK, list_page(found, anonymous))
            if key not in numbers:
                return self._send(HTTPStatus.NOT_FOUND, "There is no such answer any more: go back.", "plain")
            return self._send(HTTPStatus.OK, item_page(found, numbers[key], author, anonymous))

        def _take(self, key: str, found: list[Item]) -> None:
            number = next((n for n, item in enumerate(found) if item.key == key), None)
            form = self._form()
            if number is None or form is None:
                return self._send(HTTPStatus.BAD_REQUEST, "There is no such answer any more: go back.", "plain")
            problem = _take_mark(book, found[number], form, author)
            if problem:
                page = item_page(found, number, author, anonymous, problem)
                return self._send(HTTPStatus.UNPROCESSABLE_ENTITY, page)
            self.send_response(HTTPStatus.SEE_OTHER)
            following = next((item.key for item in found if item.key == form.get("following")), "")
            self.send_header("Location", f"/{token}/{following}")
            self.send_header("Content-Length", "0")
            return self.end_headers()

        def _form(self) -> dict[str, str] | None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > BODY:
                self.close_connection = True
                return None
            body = self.rfile.read(int(length)).decode("utf-8", "replace")
            return {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}

        def _send(self, status: HTTPStatus, text: str, kind: str = "html") -> None:
            data = text.encode("utf-8", "backslashreplace")
            self.send_response(status)
            self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Security-Policy", "frame-ancestors 'none'; form-action 'self'; base-uri 'none'")
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _take_mark(book: Gradebook, item: Item, form: dict[str, str], author: str) -> str:
    """Write down what a form says; returns what is wrong with it, "" if nothing."""
    if form.get("answer") != item.answer.sha256:
        return "The learner has handed in another answer meanwhile: read this one."
    try:
        points = float(form.get("points", "").strip().replace(",", "."))
    except ValueError:
        return f"Say how many points: a number from 0 to {item.answer.points:g}."
    try:
        comment = form.get("comment", "").replace("\r\n", "\n")
        book.mark_by_hand(item.student, item.day, item.answer, points, comment, author)
    except DecisionError as error:
        return str(error)
    return ""

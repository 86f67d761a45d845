"""Quizzes: a few questions, and for every choice a reason. They are for learning: the answers stand in the page for
all to see.
"""

import textwrap
import tomllib
from pathlib import Path

from .figures import blank, encode
from .view import View, counted, mark_up


def quiz(questions: str | Path | list[dict]) -> View:
    """Questions with radio buttons or, where several choices are right, checkboxes (met first in day 1).

    `questions` is TOML text, the path of a TOML file, or the same as a list of dictionaries:

        [[questions]]
        ask = "What does a tokenizer return?"
        choices = [
            {text = "Numbers", right = true, why = "`input_ids` are positions in the vocabulary."},
            {text = "Vectors", why = "Those come later, from the embedding layer."},
        ]

    Every choice needs its `why`. Text between backticks is shown as code. Raises ValueError that names the question.
    """
    questions = [_checked(number, question) for number, question in enumerate(_read(questions), 1)]
    body = "".join(_form(number, len(questions), question) for number, question in enumerate(questions, 1))
    alt = f"A quiz with {counted(len(questions), 'question')}: " + " ".join(question["ask"] for question in questions)
    return View("quiz", alt, body, lambda: _picture(questions), data={})


def _read(questions: str | Path | list[dict]) -> list[dict]:
    if isinstance(questions, Path):
        questions = questions.read_text(encoding="utf-8")
    if isinstance(questions, str):
        try:
            questions = tomllib.loads(questions)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"The quiz is not valid TOML: {error}.") from None
    if isinstance(questions, dict):
        questions = questions.get("questions")
    if not isinstance(questions, list) or not questions:
        raise ValueError("A quiz needs at least one question: start each with a line [[questions]].")
    return questions


def _checked(number: int, question: object) -> dict:
    """The question with a `several` that says whether more than one choice is right, or a sentence on what it
    lacks.
    """
    if not isinstance(question, dict) or not str(question.get("ask", "")).strip():
        raise ValueError(f'Question {number} of the quiz has no text: give it ask = "…".')
    choices = question.get("choices")
    if not isinstance(choices, list) or len(choices) < 2:
        raise ValueError(f"Question {number} of the quiz needs a list of at least two choices.")
    for place, choice in enumerate(choices, 1):
        for key in ("text", "why"):
            if not isinstance(choice, dict) or not str(choice.get(key, "")).strip():
                raise ValueError(f'Question {number} of the quiz, choice {place}, has no {key}: give it {key} = "…".')
    right = sum(bool(choice.get("right")) for choice in choices)
    if not right:
        raise ValueError(f"Question {number} of the quiz has no right choice: give one of them right = true.")
    return {**question, "several": right > 1}


def _form(number: int, total: int, question: dict) -> str:
    kind = "checkbox" if question["several"] else "radio"
    hint = " <small>(several are right)</small>" if question["several"] else ""
    labels = "".join(
        f'<label><input type="{kind}" name="choice"> <span>{mark_up(str(choice["text"]))}</span></label><br>'
        for choice in question["choices"]
    )
    reasons = "".join(_reason(choice) for choice in question["choices"])
    ask = mark_up(str(question["ask"]))
    return (
        f"<form><fieldset><legend><small>Question {number} of {total}</small> {ask}{hint}</legend>"
        f"{labels}</fieldset><details><summary>Answers, with reasons</summary><ul>{reasons}</ul></details></form>"
    )


def _reason(choice: dict) -> str:
    verdict, name = ("Right", "right") if choice.get("right") else ("Not this", "wrong")
    return f'<li class="{name}"><b>{verdict}:</b> {mark_up(str(choice["text"]))} — {mark_up(str(choice["why"]))}</li>'


def _picture(questions: list[dict]) -> bytes:
    lines = []
    for number, question in enumerate(questions, 1):
        lines += [(line, "bold") for line in textwrap.wrap(f"{number}. {question['ask']}", 88)]
        mark = "[  ]" if question["several"] else "(  )"
        for choice in question["choices"]:
            lines += [(line, "normal") for line in textwrap.wrap(f"     {mark}  {choice['text']}", 92)]
        lines.append(("", "normal"))
    fig = blank(8, 0.25 * len(lines))
    for place, (line, weight) in enumerate(lines):
        fig.text(0, 1 - place / len(lines), line, weight=weight, va="top", fontsize=11, parse_math=False)
    return encode(fig)

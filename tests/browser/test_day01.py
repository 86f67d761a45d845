"""Day 1 as a learner meets it: opened in JupyterLab and run top to bottom, with no request beyond this computer."""

import shutil

from course_utils.syllabus import day


def said(page, channel):
    """The texts of a kind of output, "error" or "stderr"."""
    return page.locator(f".jp-RenderedText[data-mime-type='application/vnd.jupyter.{channel}']").all_text_contents()


def test_day_one_runs_top_to_bottom(page, lab):
    shutil.copytree(day(1).lesson.parent / "quizzes", lab.root / "work" / "quizzes")
    name = lab.add(day(1).lesson, day(1).lesson.name)
    lab.open(page, name)
    lab.run_all(page, timeout=300)
    assert said(page, "error") == []
    assert said(page, "stderr") == []
    pictures = page.locator(".jp-OutputArea-output img")
    assert pictures.count() >= 3
    assert all(pictures.nth(i).get_attribute("alt") for i in range(pictures.count()))


def test_the_exercise_answers_at_once(page, lab):
    """The stubs raise nothing that stops "run all": every check answers with what is missing."""
    lab.open(page, lab.add(day(1).exercise, f"exercise-{day(1).slug}.ipynb"))
    lab.run_all(page, timeout=120)
    assert said(page, "error") == []
    assert page.get_by_text("is not written yet").count() >= 4

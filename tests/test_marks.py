"""Policies, lateness and what people decide: by hand-computed figures, and by laws that hold for any input."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from gradebook_samples import NOON, entry, full_entry, grade, result
from hypothesis import given
from hypothesis import strategies as st

from course_utils.grading import decisions
from course_utils.grading.entries import mark_counting
from course_utils.grading.gradebook import Gradebook
from course_utils.grading.marks import Adjustment, Answer, DecisionError, HandMark, Rules
from course_utils.grading.policy import Policy, PolicyError, parse_policy, parse_time, read_policy

DAY = "day01_pipelines"
FULL = """
[policy]
counts = "best"
grace_minutes = 15
percent_per_day = 10
floor_percent = 50
timezone = "Europe/Vienna"

[deadlines]
day01 = 2026-03-08T23:59:00          # winter in Vienna: 22:59 UTC
2 = 2026-07-01                       # its last second, in summer: 21:59:59 UTC
3 = 2026-03-08T12:00:00Z
4 = "2026-03-08 18:00"

[extensions."Ada Lovelace"]
day01 = 2026-03-10T23:59:00
"""


# --- the file ---------------------------------------------------------------------------------------------------


def test_a_policy_is_read_in_its_time_zone():
    policy = parse_policy(FULL)
    assert (policy.counts, policy.grace) == ("best", timedelta(minutes=15))
    assert policy.deadlines == {
        DAY: datetime(2026, 3, 8, 22, 59, tzinfo=UTC),
        "day02_tokenizers": datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC),
        "day03_automodel": datetime(2026, 3, 8, 12, tzinfo=UTC),
        "day04_attention": datetime(2026, 3, 8, 17, tzinfo=UTC),
    }
    assert policy.deadline("Ada Lovelace", DAY).day == 10 and policy.deadline("Bo", DAY).day == 8
    assert parse_policy("") == Policy() and parse_policy("").deadline("Ada", DAY) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[policy", "no TOML"),
        ("[polizy]", "no table called 'polizy'"),
        ("policy = 1", "must be a table"),
        ("[policy]\ngrace = 1", "no key in \\[policy\\] called 'grace'"),
        ('[policy]\ncounts = "first"', 'must be "best" or "last", not \'first\''),
        ("[policy]\npercent_per_day = 101", "a number from 0 to 100, not 101"),
        ("[policy]\npercent_per_day = true", "a number from 0 to 100"),
        ("[policy]\nfloor_percent = nan", "a number from 0 to 100"),
        ('[policy]\ntimezone = "Vienna"', "Europe/Vienna"),
        ("[deadlines]\nday99 = 2026-03-08", "no day 'day99'"),
        ("[deadlines]\nday01 = 8", "day01 in \\[deadlines\\] must be a time"),
        ('[deadlines]\nday01 = "tomorrow"', "must be a time such as"),
        ("[extensions]\nAda = 2026-03-08", "must be a table"),
    ],
)
def test_what_is_no_policy_is_one_sentence(text, words, tmp_path):
    with pytest.raises(PolicyError, match=words) as caught:
        parse_policy(text, "term.toml")
    assert str(caught.value).startswith("term.toml") and "\n" not in str(caught.value)
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(tmp_path / "none.toml")


# --- lateness ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "days", "kept"),
    [
        (-1, 0, 10),
        (15, 0, 10),  # within the grace
        (15 + 1 / 60, 1, 9),
        (24 * 60 + 15, 1, 9),
        (24 * 60 + 16, 2, 8),
        (5 * 24 * 60, 5, 5),
        (50 * 24 * 60, 50, 5),  # the floor
    ],
)
def test_lateness_by_hand(minutes, days, kept):
    policy = parse_policy(FULL)
    due = policy.deadlines[DAY]
    late = policy.days_late(due + timedelta(minutes=minutes), due)
    assert (late, 10 - policy.deduction(10, late)) == (days, kept)


policies = st.builds(
    Policy,
    counts=st.sampled_from(["best", "last"]),
    grace=st.timedeltas(timedelta(0), timedelta(days=2)),
    percent_per_day=st.floats(0, 100),
    floor_percent=st.floats(0, 100),
    deadlines=st.just({DAY: NOON}),
)
minutes = st.integers(-(10**4), 10**5)
points = st.floats(0, 100).map(lambda number: round(number, 2))


@given(policies, points, minutes, minutes)
def test_later_never_gives_more_and_the_floor_holds(policy, earned, first, second):
    first, second = sorted((first, second))
    days = [policy.days_late(NOON + timedelta(minutes=time), NOON) for time in (first, second)]
    lost = [policy.deduction(earned, late) for late in days]
    assert 0 <= days[0] <= days[1] and 0 <= lost[0] <= lost[1] <= earned
    assert earned - lost[1] >= earned * policy.floor_percent / 100 - 0.005 - 1e-9


@given(policies, points, points, minutes)
def test_who_earned_more_never_gets_less_for_the_same_lateness(policy, one, other, late):
    days = policy.days_late(NOON + timedelta(minutes=late), NOON)
    low, high = sorted((one, other))
    assert low - policy.deduction(low, days) <= high - policy.deduction(high, days) + 0.01 + 1e-9


# --- which one counts -------------------------------------------------------------------------------------------


def attempt(points, minutes, **more):
    tests = [result(points=float(points)), result("embed", "failed", 10.0 - points)]
    return entry(minutes=minutes, grade=grade(tests), **more)


def test_the_best_after_deductions_or_the_last_counts():
    """8 in time; 9 a day late at 20 %: 7.2; 6 two days late: 3.6. Best is the first, last is the last."""
    all_three = [attempt(8, 0), attempt(9, 60), attempt(6, 48 * 60)]
    for counts, which, total in (("best", 0, 8), ("last", 2, 3.6)):
        policy = Policy(counts=counts, percent_per_day=20, deadlines={DAY: NOON})
        marked = mark_counting(all_three, Rules(policy))
        assert [e.counts for e in marked] == [number == which for number in range(3)]
        assert marked[which].mark.total == pytest.approx(total)
    unread = entry(minutes=5, problem="Empty.")
    assert mark_counting([attempt(0, 0), unread], Rules(Policy(counts="best")))[0].counts
    equal = mark_counting([attempt(8, 0), attempt(8, 1)], Rules(Policy(counts="best")))
    assert [e.counts for e in equal] == [False, True]


# --- the sum of the parts ---------------------------------------------------------------------------------------

changes = st.lists(
    st.tuples(st.sampled_from(["add", "set", "clear"]), st.floats(-20, 20).map(lambda n: round(n, 2))).map(
        lambda change: (change[0], abs(change[1]) if change[0] == "set" else change[1])
    ),
    max_size=5,
)


@given(policies, st.lists(st.tuples(points, minutes), min_size=1, max_size=5), changes, st.none() | points)
def test_a_mark_is_the_sum_of_its_parts(policy, attempts, changed, by_hand):
    essay = Answer("explain", 100.0, "Because.")
    entries = [
        replace(entry(minutes=late, file=f"{n}.zip", grade=grade([result(points=worth)])), answers=(essay,))
        for n, (worth, late) in enumerate(attempts)
    ]
    adjustments = [Adjustment("Ada Lovelace", DAY, *change, "why", "Grace", NOON) for change in changed]
    given_by = [HandMark("Ada Lovelace", DAY, "explain", essay.sha256, by_hand, "", "Bo", NOON)] if by_hand else []
    rules = Rules(policy, adjustments, [], given_by)
    marked = mark_counting(entries, rules)
    assert sum(e.counts for e in marked) == 1
    mark = next(e.mark for e in marked if e.counts)
    assert mark.total == pytest.approx(mark.tests + mark.hand - mark.deduction + mark.adjustment)
    assert mark.total >= 0 and mark.hand == (by_hand or 0)
    automatic = mark.tests + mark.hand - mark.deduction
    if not changed or changed[-1][0] == "clear":
        assert mark.adjustment == 0 and mark.final == bool(by_hand)
    if changed and changed[-1][0] == "set":
        assert mark.total == pytest.approx(changed[-1][1], abs=1e-5) and mark.final
    if policy.counts == "best":
        assert all(rules.mark(e).deduction <= e.points + mark.hand for e in entries)
        each = [e.points + mark.hand - rules.mark(e).deduction for e in entries]
        assert automatic == pytest.approx(max(each))


# --- from the shell ---------------------------------------------------------------------------------------------


@pytest.fixture
def out(tmp_path):
    with Gradebook(tmp_path / "gradebook.db") as book:
        book.record(full_entry())
        book.record(entry("Bo", day="day02_tokenizers"))
        book.use_policy(parse_policy(FULL), "Grace")
    return tmp_path


def test_adjusting_and_extending_say_what_changed_and_renew_the_pages(out):
    (out / "index.html").write_text("old")
    said = decisions.adjust("ada lovelace", 1, add=1.5, reason="The task was unclear.", author="Grace", out=out)
    assert str(said) == "Ada Lovelace, day01_pipelines: 4 of 10 -> 5.5 of 10."
    assert "5.5 of 10" in (out / "index.html").read_text()
    said = decisions.extend("Bo", "day02", "2026-07-09", reason="Ill.", author="Grace", out=out)
    assert str(said) == "Bo, day02_tokenizers: still 2 of 5."
    with Gradebook(out / "gradebook.db") as book:
        until = book.rules().extensions[0].until
    assert until == datetime(2026, 7, 9, 21, 59, 59, tzinfo=UTC), "in the policy's time zone"
    decisions.extend("Bo", "day02", "none", reason="Well again.", out=out)
    table, said = decisions.marks_table(out, student="Bo")
    assert table.row_count == 1 and "Ill." in said[0] and "extension withdrawn: Well again." in said[1]
    assert decisions.marks_table(out)[0].row_count == 2


def test_totals_are_the_sums_of_the_marks(out):
    decisions.adjust("Ada Lovelace", "day02", set_to=7, reason="Oral.", out=out)
    with Gradebook(out / "gradebook.db") as book:
        totals = {total.student: total for total in decisions.totals(book.marks())}
    assert (totals["Ada Lovelace"].points, totals["Ada Lovelace"].most, totals["Ada Lovelace"].days) == (11, 20, 2)
    assert (totals["Bo"].points, totals["Bo"].most) == (2, 5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"student": "Ada Lovelac", "add": 1}, "did you mean 'Ada Lovelace'"),
        ({"student": "Xu", "add": 1}, "no learner 'Xu'"),
        ({"add": 1, "set_to": 2}, "Say one thing"),
        ({}, "Say one thing"),
        ({"add": 1, "reason": ""}, "needs its reason"),
    ],
)
def test_what_cannot_be_decided_is_one_sentence(out, change, words):
    arguments = {"student": "Ada Lovelace", "day": 1, "reason": "why", "out": out} | change
    with pytest.raises(DecisionError, match=words):
        decisions.adjust(arguments.pop("student"), arguments.pop("day"), **arguments)
    with Gradebook(out / "gradebook.db") as book:
        assert not book.rules().adjustments


def test_a_new_learner_has_to_be_asked_for(out):
    said = decisions.adjust("Xu", 1, set_to=7, reason="Oral.", out=out, new=True)
    assert str(said) == "Xu, day01_pipelines: nothing yet -> 7 of 10."


def test_times_are_read_as_people_write_them():
    assert parse_time("2026-03-08") == datetime(2026, 3, 8, 23, 59, 59, tzinfo=UTC)
    assert parse_time("2026-03-08T18:00+01:00") == datetime(2026, 3, 8, 17, tzinfo=UTC)
    with pytest.raises(PolicyError):
        parse_time("soon")


# --- a system that says late and no time ------------------------------------------------------------------------


def test_the_school_systems_word_holds_where_it_tells_no_time():
    """Canvas: LATE or nothing. The file's time is that of the download, and the learner's clock is the learner's."""
    policy = parse_policy(
        "[policy]\npercent_per_day = 10\ngrace_minutes = 15\n[deadlines]\nday01 = 2026-03-01T12:00:00"
    )
    rules = Rules(policy)
    downloaded_later = entry(minutes=3 * 24 * 60)
    assert rules.mark(downloaded_later).days_late == 3
    assert rules.mark(replace(downloaded_later, late=False)).days_late == 0
    assert rules.mark(replace(downloaded_later, late=True)).days_late == 3
    by_a_clock_put_back = rules.mark(replace(entry(minutes=-60), late=True))
    assert by_a_clock_put_back.days_late == 0 and "marked it late" in by_a_clock_put_back.open[0]
    within_grace = rules.mark(replace(entry(minutes=5), late=True))
    assert within_grace.days_late == 0 and within_grace.final
    assert rules.mark(replace(entry(minutes=-60), late=False)).final
    assert Rules().mark(replace(entry(), late=True)).final, "without a deadline nothing is late"


def test_an_extension_settles_what_the_school_system_calls_late(tmp_path):
    with Gradebook(tmp_path / "g.db") as book:
        book.use_policy(
            parse_policy("[policy]\npercent_per_day = 10\n[deadlines]\nday01 = 2026-03-01T13:00:00"), "an author"
        )
        book.record(replace(entry(), late=True))
        assert not book.marks()[0].final and book.entries()[0].late is True
        book.extend("Ada Lovelace", DAY, NOON + timedelta(days=1), "ill", "an author")
        assert book.marks()[0].final and book.marks()[0].deduction == 0

"""Who is who: rosters as the systems write them, and names however they are squeezed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.grading.roster import Person, Roster, RosterError, letters, name_keys, read_roster

FILES = {
    "canvas": "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
    '"Lovelace, Ada King",4711,s1,ada@x.org,A\n"Student, Test",1,,,\n',
    "moodle": "First name,Surname,ID number,Email address\nAda King,Lovelace,s1,ada@x.org\n",
    "worksheet": "Identifier,Full name,Email address\nParticipant 4711,Ada King Lovelace,ada@x.org\n",
    "gradescope": "First Name,Last Name,SID,Email,Role\nAda King,Lovelace,s1,ada@x.org,Student\n",
    "github": '"identifier","github_username","github_id","name"\n"s1","ada-l","9","Ada King Lovelace"\n',
    "semicolons": "\ufeffName;E-Mail;Section\nAda King Lovelace;ada@x.org;A\n",
}


@pytest.mark.parametrize("system", FILES)
def test_a_roster_of_every_system(tmp_path, system):
    (tmp_path / "class.csv").write_text(FILES[system], encoding="utf-8")
    roster = read_roster(tmp_path / "class.csv")
    (ada,) = roster.people
    assert ada.name == "Ada King Lovelace" and len(roster) == 1
    for squeezed in ("kinglovelaceada", "lovelaceadaking", "ADA KING-LOVELACE", "Ada King Lovelace"):
        assert roster.find(name=squeezed) == (ada,)
    for kind, value in ada.identifiers.items():
        assert roster.find({kind: value.upper()}, "somebody else") == (ada,)
    assert roster.find({"email": "bo@x.org"}, "Bo Li") == () and roster.named("Ada King Lovelace") == ada


def test_latin_1_from_an_old_spreadsheet(tmp_path):
    (tmp_path / "class.csv").write_bytes("name\nZoë Ñandú\n".encode("latin-1"))
    roster = read_roster(tmp_path / "class.csv")
    assert roster.people[0].name == "Zoë Ñandú" and "Latin-1" in roster.notes[0]


def test_people_of_one_name_are_told_apart_and_never_guessed(tmp_path):
    (tmp_path / "class.csv").write_text("name,id,email\nKim Lee,1,a@x.org\nkim lee,2,b@x.org\nBo Li,3,c@x.org\n")
    roster = read_roster(tmp_path / "class.csv")
    assert [person.name for person in roster.people] == ["Kim Lee (1)", "kim lee (2)", "Bo Li"]
    assert len(roster.find(name="leekim")) == 2 and roster.named("Kim Lee") is None
    assert roster.named("Kim Lee (1)").identifiers["email"] == "a@x.org"
    assert roster.named("leekim (2)").identifiers["email"] == "b@x.org", "as Canvas is collected without a roster"
    assert roster.named("b@x.org").name == "kim lee (2)" and roster.named("Kim Lee (participant 3)").name == "Bo Li"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no file"),
        (b"", "empty"),
        (b"colour,size\nred,1\n", "no column that names a learner"),
        (b"name,email\nAda,a@x.org\nBo,A@X.org\n", "the same email"),
    ],
)
def test_a_roster_that_cannot_be_used(tmp_path, content, words):
    if content is not None:
        (tmp_path / "class.csv").write_bytes(content)
    with pytest.raises(RosterError, match=words):
        read_roster(tmp_path / "class.csv")


word = st.text(st.characters(categories=["L"]), min_size=1, max_size=8)


@given(st.lists(word, min_size=1, max_size=4), st.integers(0, 3))
def test_a_name_fits_from_whichever_word_it_begins(words, start):
    person = Person(" ".join(words))
    squeezed = "".join(words[start % len(words) :] + words[: start % len(words)])
    assert letters(squeezed) in name_keys(person.name)
    assert Roster([person]).find(name=squeezed) == (person,)


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=6), st.text(max_size=12))
def test_any_name_can_be_looked_up(people, name):
    roster = Roster(Person(one, {"email": mail}) for one, mail in people)
    assert set(roster.find({"email": name}, name)) <= set(roster.people)
    assert roster.named(name) is None or roster.named(name) in roster.people

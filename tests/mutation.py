"""How well do a day's hidden tests notice mistakes? Each answer of the solution is changed in many small ways.

    python tests/mutation.py day03                 all tasks of a day
    python tests/mutation.py day03 pad_batch       some of them

A changed answer, a mutant, should lose points. Those that do not are listed. Either no input that the task allows can
tell them from the answer: then they are equivalent, and `solutions/answers/<slug>/equivalent.txt` names them. Or a test
is missing. The exit status is 1 if fewer than 95 % of the others lost points.
"""

import ast
import contextlib
import copy
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WANTED = 0.95
SECONDS = 30  # for one test: some mutants never end
OPERATORS = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.Add], ast.Div: [ast.Mult], ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
}  # fmt: skip
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
NAMES = {
    "max": "min", "min": "max", "sum": "max", "sorted": "list", "argsort": "argmax", "maximum": "minimum", "exp": "abs",
    "float": "str", "int": "float", "norm": "max", "keys": "values", "append": "extend",
}  # fmt: skip


def mutants(source: str) -> Iterator[tuple[str, ast.Module]]:
    """The mutants of an answer: what was changed, and the changed module."""
    tree = ast.parse(source)
    for place, node in enumerate(ast.walk(tree)):
        for name, change in _changes(node):
            mutant = copy.deepcopy(tree)
            target = list(ast.walk(mutant))[place]
            replacement = change(target)
            if replacement is not None:
                mutant = _Replace(target, replacement).visit(mutant)
            yield f"line {getattr(node, 'lineno', '?')}: {name}", ast.fix_missing_locations(mutant)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST | None]]]:
    """What can be changed at one place: a name, and a function that changes the node or returns another for it."""
    text = ast.unparse(node)[:60].split("\n")[0] if isinstance(node, ast.expr | ast.stmt) else ""
    if isinstance(node, ast.BinOp):
        for new in OPERATORS.get(type(node.op), []):
            yield f"{text}: {type(node.op).__name__} to {new.__name__}", lambda n, new=new: setattr(n, "op", new())
        yield f"{text}: left side only", lambda n: n.left
        yield f"{text}: right side only", lambda n: n.right
    if isinstance(node, ast.UnaryOp):
        yield f"{text}: without the sign", lambda n: n.operand
    if isinstance(node, ast.Compare):
        for new in COMPARISONS:
            if type(node.ops[0]) is not new:
                yield f"{text}: {new.__name__}", lambda n, new=new: setattr(n, "ops", [new()])
    if isinstance(node, ast.BoolOp):
        yield f"{text}: and for or", lambda n: setattr(n, "op", ast.Or() if isinstance(n.op, ast.And) else ast.And())
    if isinstance(node, ast.IfExp | ast.If | ast.While):
        yield f"{text}: the other way", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
        for value in (True, False):
            yield f"{text}: if {value}", lambda n, value=value: setattr(n, "test", ast.Constant(value))
    if isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            yield f"without: if {ast.unparse(test)}", lambda n, i=i: n.ifs.__delitem__(i)
    if isinstance(node, ast.Slice):
        for part in ("lower", "upper"):
            if getattr(node, part):
                yield f"{text}: without its {part} end", lambda n, part=part: setattr(n, part, None)
    if isinstance(node, ast.FunctionDef):
        for i, statement in enumerate(node.body):
            if not _is_docstring(statement):
                yield f"without: {ast.unparse(statement)[:60]}", lambda n, i=i: n.body.__setitem__(i, ast.Pass())
    if isinstance(node, ast.Constant):
        yield from _constants(node)
    if isinstance(node, ast.Call):
        yield from _calls(node, text)


def _constants(node: ast.Constant) -> Iterator[tuple[str, Callable]]:
    if isinstance(node.value, bool):
        yield f"{node.value} to {not node.value}", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node.value, int | float):
        for step in (1, -1):
            yield f"{node.value} to {node.value + step}", lambda n, step=step: setattr(n, "value", n.value + step)
    elif isinstance(node.value, str) and "\n" not in node.value and len(node.value) < 30 and " " not in node.value:
        yield f"{node.value!r} misspelt", lambda n: setattr(n, "value", n.value + "x")
    elif node.value is None:
        yield "None to 0", lambda n: setattr(n, "value", 0)


def _calls(node: ast.Call, text: str) -> Iterator[tuple[str, Callable]]:
    for i, keyword in enumerate(node.keywords):
        yield f"{text}: without {keyword.arg or '**'}", lambda n, i=i: n.keywords.__delitem__(i)
    attribute = {ast.Name: "id", ast.Attribute: "attr"}.get(type(node.func))
    name = getattr(node.func, attribute) if attribute else ""
    if name in NAMES:
        yield f"{text}: {NAMES[name]} for {name}", lambda n: setattr(n.func, attribute, NAMES[name])
    if node.args:
        yield f"{text}: its first argument only", lambda n: n.args[0]


class _Replace(ast.NodeTransformer):
    """Puts another node in the place of one."""

    def __init__(self, old: ast.AST, new: ast.AST):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def _is_docstring(statement: ast.stmt) -> bool:
    """True for a text that does nothing, alone on its line."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def survivors(day, chosen: list[str]) -> tuple[list[str], int]:
    """The mutants that got full marks, and how many were tried."""
    from course_utils import notebooks
    from course_utils.grading.testing import LocalSubmission, run_tests

    cells = notebooks.read(day.solution).cells
    namespace = _namespace(cells)
    survived, tried = [], 0
    for cell in cells:
        task = notebooks.grade_id(cell)
        if not notebooks.is_answer(cell) or (chosen and task not in chosen):
            continue
        before, late = tried, 0
        for name, mutant in mutants(cell.source):
            own = dict(namespace)
            try:
                exec(compile(mutant, "mutant", "exec"), own)
            except Exception:  # no Python any more: nobody hands that in
                continue
            tried += 1
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                results = run_tests(day.hidden_tests, LocalSubmission(own), task=task, timeout=SECONDS)
            late += any(result.outcome == "timeout" for result in results)
            if all(result.outcome == "passed" for result in results):
                survived.append(f"{task} {name}")
        print(f"{task}: {tried - before} mutants, {late} of them stopped by the clock", flush=True)
    return survived, tried


def _namespace(cells) -> dict:
    """What the solution leaves behind when it is run in this process."""
    from course_utils import notebooks

    namespace = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            if cell.cell_type == "code" and not notebooks.grade_id(cell).startswith("check-"):
                exec(cell.source, namespace)
    return namespace


def main(arguments: list[str]) -> int:
    """Try a day's mutants and say what came of it."""
    from course_utils import syllabus

    day = syllabus.day(arguments[0])
    survived, tried = survivors(day, arguments[1:])
    listed = day.answers / "equivalent.txt"
    equivalent = set(listed.read_text(encoding="utf-8").splitlines()) if listed.exists() else set()
    missed = [name for name in survived if name not in equivalent]
    for name in survived:
        print("equivalent" if name in equivalent else "SURVIVED  ", name)
    count = tried - (len(survived) - len(missed))
    share = 1 - len(missed) / count if count else 0.0
    print(f"{count - len(missed)} of {count} mutants that differ lost points: {share:.1%}")
    return int(share < WANTED)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.path.insert(0, str(ROOT))
    warnings.simplefilter("ignore")
    if len(sys.argv) < 2:
        sys.exit("Name a day: python tests/mutation.py day03")
    sys.exit(main(sys.argv[1:]))

"""The one thing every view is: HTML that stands alone, a picture, and a sentence that says what there is to see."""

import base64
import hashlib
import html
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent
PARTS = {
    "attention": ("unpack.js", "attention.js"),
    "patches": ("unpack.js", "patches.js"),
}  # scripts that share a part


class View:
    """What a function of `course_utils.show` returns (met first in day 1).

    `alt` is one sentence for those who cannot see the picture; `_repr_html_` is what a notebook shows.
    """

    def __init__(self, kind: str, alt: str, body: str, picture: Callable[[], bytes], data: object = None):
        """Make a view of `body`, the static HTML; `data`, where given, go to the script `kind`.js."""
        self.alt = alt
        self._kind = kind
        self._fragment = fragment(kind, body, data)
        self._picture = picture

    def _repr_html_(self) -> str:
        return self._fragment

    def __repr__(self) -> str:
        return self.alt

    def save(self, path: str | Path) -> Path:
        """Write the view as one HTML page that needs no other file and no network; return its path."""
        path = Path(path)
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
            f"<title>{html.escape(self.alt[:80])}</title></head>"
            '<body style="background: Canvas; color: CanvasText"><main>'
            f'<h1 style="font: 600 17px system-ui, sans-serif">{self._kind.capitalize()}</h1>{self._fragment}'
            "</main></body></html>\n"
        )
        path.write_text(page, encoding="utf-8")
        return path

    def png(self, path: str | Path) -> Path:
        """Write the view as a PNG picture; return its path. Give `view.alt` as its alternative text."""
        path = Path(path)
        path.write_bytes(self._picture())
        return path


@lru_cache
def _asset(name: str) -> str:
    """A style sheet or a script of this folder, without indentation and without lines that are only a comment."""
    lines = (line.strip() for line in (FOLDER / name).read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))


def _literal(data: object) -> str:
    """JSON that may stand inside a script element: no `<`, so neither `</script>` nor `<!--` can occur."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def fragment(kind: str, body: str, data: object = None) -> str:
    """The HTML of one output: its style, its static body and, where `kind` has one, the script that brings it to
    life.

    The static body comes first and stands alone, because an untrusted notebook, GitHub and mail strip styles and
    scripts. The script looks for its own root by a name made from the content (the same at every run) and takes
    those that are not ready yet, so that the same view shown twice on a page comes to life twice. The class names
    keep MathJax from reading two dollar signs in a text as a formula; data-lm-suppress-shortcuts leaves arrow keys
    to the view in JupyterLab.
    """
    style = _asset("view.css") + "\n" + _asset(f"{kind}.css")
    code = ""
    if data is not None:
        literal = _literal(data)
        scripts = "\n".join(map(_asset, PARTS.get(kind, (f"{kind}.js",))))
        name = hashlib.sha256((body + literal).encode()).hexdigest()[:12]
        code = (
            f"<script>(()=>{{const data={literal};\n{scripts}\n"
            f"for(const root of document.querySelectorAll('[data-view=\"{name}\"]:not([data-started])'))"
            "{root.dataset.started='';root.addEventListener('keydown',event=>event.stopPropagation());"
            "Promise.resolve(start(root,data)).then(()=>root.dataset.ready='')}})()</script>"
        )
    else:
        name = hashlib.sha256(body.encode()).hexdigest()[:12]
    return (
        f'<div class="cview cview-{kind} mathjax_ignore tex2jax_ignore" data-view="{name}"'
        f' data-lm-suppress-shortcuts="true"><style>{style}</style>{body}{code}</div>'
    )


def size_of(kind: str) -> int:
    """Bytes that every view of this kind carries: styles, script and what holds them."""
    return len(fragment(kind, "", {}).encode())


def image(png: bytes, alt: str, width: int | None = None) -> str:
    """An `<img>` that carries its own bytes. Only here is alternative text kept: in a PNG's metadata no front end
    reads it.
    """
    size = f' width="{width}"' if width else ""
    source = base64.b64encode(png).decode()
    return f'<img src="data:image/png;base64,{source}" alt="{html.escape(alt)}"{size} style="max-width: 100%">'


def mark_up(text: str) -> str:
    """Escape `text` for HTML; what stands between backticks becomes code."""
    parts = html.escape(text).split("`")
    if len(parts) % 2 == 0:  # a lone backtick is just a backtick
        parts[-2:] = ["`".join(parts[-2:])]
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`counted(1, "token")` is "1 token", `counted(2, "token")` is "2 tokens"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"

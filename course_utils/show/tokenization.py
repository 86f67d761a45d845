"""Tokens as a tokenizer cut them, every one drawn: text, id, offsets and type."""

import html
from collections.abc import Mapping, Sequence

from .figures import blank, encode
from .view import View, counted

_VISIBLE = str.maketrans({" ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥", "\u00a0": "⍽"})
_COLOURS = {"start": "#cfe6f7", "continuation": "#fdf3c7", "special": "#e4e4e4", "unknown": "#f9d9c4"}
_CLASSES = {"start": "w", "continuation": "c", "special": "s", "unknown": "u"}
_LEGEND = {
    "start": "starts a word",
    "continuation": "continues a word",
    "special": "special",
    "unknown": "unknown to the vocabulary",
}


def tokens(
    text: str,
    tokens: object,
    ids: Sequence[int] | None = None,
    offsets: Sequence[tuple[int, int]] | None = None,
    special: Sequence[int] | None = None,
    words: Sequence[int | None] | None = None,
    unknown: str | Sequence[str] = ("[UNK]", "<unk>"),
) -> View:
    """Show how `text` was cut (met first in day 2).

    `tokens` is a list of strings, with `ids`, `offsets` (start and end in characters of `text`, the end excluded),
    `special` (1 for a special token) and `words` (the number of the word each token belongs to, None for none)
    beside it where you have them; or what `tokenizer(text)[0]` returns, which holds them all; or a dictionary of
    several of these, by the name of the tokenizer, to be shown one under another:

        show.tokens(text, {"WordPiece": first(text)[0], "byte-level BPE": second(text)[0]})

    Raises ValueError where two lists differ in length.
    """
    several = tokens if isinstance(tokens, Mapping) else {"": tokens}
    if not several:
        raise ValueError("show.tokens got no tokenizer's result to show.")
    unknown = {unknown} if isinstance(unknown, str) else set(unknown)
    rows = {name: _rows(text, one, ids, offsets, special, words, unknown) for name, one in several.items()}
    lines = [_sentence(name, row) for name, row in rows.items()]
    body = "".join(
        f"<p>{html.escape(line)}</p><ol>{''.join(map(_item, row))}</ol>" for line, row in zip(lines, rows.values())
    )
    alt = f"The text “{text}”. " + " ".join(lines)
    return View("tokens", alt, body + _legend(rows), lambda: _picture(lines, list(rows.values())))


def _rows(text, tokens, ids, offsets, special, words, unknown) -> list[dict]:
    """One dictionary a token: text, id, span, kind and, where several tokens share characters, which part this one
    is.
    """
    if hasattr(tokens, "special_tokens_mask"):  # a tokenizers.Encoding
        ids, offsets = tokens.ids, tokens.offsets
        special, words, tokens = tokens.special_tokens_mask, tokens.word_ids, tokens.tokens
    if isinstance(tokens, str) or not isinstance(tokens, Sequence) or not all(isinstance(one, str) for one in tokens):
        raise ValueError("show.tokens needs a list of strings, or what tokenizer(text)[0] returns.")
    beside = {"ids": ids, "offsets": offsets, "special": special, "words": words}
    for name, values in beside.items():
        if values is not None and len(values) != len(tokens):
            raise ValueError(f"show.tokens got {len(tokens)} tokens but {len(values)} {name}: give one for each token.")
    spans = [tuple(map(int, span)) for span in offsets] if offsets is not None else [None] * len(tokens)
    rows = []
    for place, token in enumerate(tokens):
        rows.append(
            {
                "text": token.translate(_VISIBLE) or "(empty)",
                "id": None if ids is None else int(ids[place]),
                "span": spans[place],
                "kind": _kind(place, tokens, spans, special, words, unknown),
                "part": _part(text, place, spans),
            }
        )
    return rows


def _kind(place, tokens, spans, special, words, unknown) -> str:
    """Word numbers decide what continues a word; without them the vocabulary's own marks (##, Ġ, ▁), then the
    offsets.
    """
    token, span = tokens[place], spans[place]
    if token in unknown:
        return "unknown"
    if special[place] if special is not None else token[:1] + token[-1:] in ("[]", "<>") and len(token) > 2:
        return "special"
    if words is not None:
        return "continuation" if place and words[place] is not None and words[place] == words[place - 1] else "start"
    if token.startswith("##"):
        return "continuation"
    if any(other.startswith("##") for other in tokens) or token[:1] in "Ġ▁ ":
        return "start"
    return "continuation" if place and span and spans[place - 1] and 0 < span[0] <= spans[place - 1][1] else "start"


def _part(text: str, place: int, spans: list) -> str:
    """ "part 2 of 3 of é": byte-level tokenizers cut inside a character, and then several tokens have the same
    offsets.
    """
    span = spans[place]
    if span is None or span[0] == span[1]:
        return ""
    same = [other for other, one in enumerate(spans) if one == span]
    return f"part {same.index(place) + 1} of {len(same)} of {text[span[0] : span[1]]}" if len(same) > 1 else ""


def _sentence(name: str, rows: list[dict]) -> str:
    kinds = [row["kind"] for row in rows]
    notes = [f"{kinds.count('special')} special"] if "special" in kinds else []
    if "continuation" in kinds:
        number = kinds.count("continuation")
        notes.append(f"{number} that {'continues' if number == 1 else 'continue'} a word")
    if "unknown" in kinds:
        notes.append(f"{kinds.count('unknown')} unknown")
    head = f"{name}: " if name else ""
    return head + counted(len(rows), "token") + (f", {', '.join(notes)}." if notes else ".")


def _item(row: dict) -> str:
    kind = row["kind"]
    details = [] if row["id"] is None else [f"<b>{row['id']}</b>"]
    if row["span"] is not None and row["span"][0] != row["span"][1]:
        details.append(f"<span>{row['span'][0]}–{row['span'][1]}</span>")
    if row["part"]:
        details.append(f"<em>{html.escape(row['part'])}</em>")
    note = "" if kind == "start" else f" <i>{kind}</i>"
    return f'<li class="{_CLASSES[kind]}"><code>{html.escape(row["text"])}</code> {" ".join(details)}{note}</li>'


def _legend(rows: dict) -> str:
    kinds = {row["kind"] for one in rows.values() for row in one}
    keys = " ".join(
        f'<span class="{_CLASSES[kind]}">{words}</span>' for kind, words in _LEGEND.items() if kind in kinds
    )
    facts = [row for one in rows.values() for row in one]
    bold = " Bold: the id." if any(row["id"] is not None for row in facts) else ""
    span = " Below it: first character and the one after the last." if any(row["span"] for row in facts) else ""
    return f'<p class="legend">{keys}{bold}{span}</p>'


def _picture(lines: list[str], groups: list[list[dict]]) -> bytes:
    """The same chips with matplotlib, flowing from left to right; one unit is a tenth of an inch."""
    chips, y = [], 0.0
    for line, rows in zip(lines, groups):
        chips.append((0, y, line, None))
        x, y = 0.0, y + 2.2
        for row in rows:
            width = 1.0 + 0.85 * max(len(row["text"]), len(str(row["id"] or "")), 3)
            if x + width > 90:
                x, y = 0.0, y + 5
            chips.append((x, y, row, width))
            x += width + 0.6
        y += 6
    fig = blank(9.2, y / 10)
    axes = fig.add_axes((0, 0, 1, 1), xlim=(0, 92), ylim=(y, 0))
    axes.axis("off")
    for x, y, what, width in chips:
        if width is None:
            axes.text(x, y, what, va="top", fontsize=11, weight="bold", parse_math=False)
        else:
            _chip(axes, x, y, what, width)
    return encode(fig)


def _chip(axes, x: float, y: float, row: dict, width: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    dashed = row["kind"] in ("continuation", "unknown")
    axes.add_patch(
        FancyBboxPatch(
            (x + 0.3, y + 0.3), width - 0.6, 3.6, boxstyle="round,pad=0.3",
            facecolor=_COLOURS[row["kind"]], edgecolor="#444", linestyle="--" if dashed else "-",
        )
    )  # fmt: skip
    span = f"{row['span'][0]}–{row['span'][1]}" if row["span"] and row["span"][0] != row["span"][1] else row["kind"][:7]
    small = {"ha": "center", "va": "center", "color": "#222", "parse_math": False}
    axes.text(x + width / 2, y + 1.0, row["text"], family="monospace", fontsize=10, **small)
    axes.text(x + width / 2, y + 2.3, "" if row["id"] is None else row["id"], weight="bold", fontsize=8, **small)
    axes.text(x + width / 2, y + 3.3, span, fontsize=7, **small)

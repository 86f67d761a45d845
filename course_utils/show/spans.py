"""Entities in a text: marked where they stand, with label, score and the tokens they are made of."""

import html
from collections.abc import Sequence

from .colours import OKABE_ITO
from .figures import blank, encode
from .view import View, counted


def entities(text: str, entities: Sequence[dict], tokens: Sequence[dict] | None = None) -> View:
    """Mark the entities of a text (met first in day 8).

    `entities` is what a token-classification pipeline returns: dictionaries with `start` and `end` (characters of
    `text`, the end excluded), `entity_group` or `entity` or `label`, and where there is one a `score` between 0 and
    1. `tokens`, in the same form, are the pieces before they were put together (aggregation_strategy="none"); they
    are listed beside the entity that they belong to. Spans may touch, nest and overlap. Raises ValueError for a span
    that is not in the text.
    """
    found = [_span(text, place, entity) for place, entity in enumerate(entities)]
    found.sort(key=lambda span: (span["start"], -span["end"]))
    pieces = [_span(text, place, token) for place, token in enumerate(tokens or ())]
    labels = sorted({span["label"] for span in found})
    body = f'<p class="text">{_marked(text, found, labels)}</p>' + _details(text, found, pieces, labels)
    return View("entities", _sentence(text, found), body, lambda: _picture(text, found, labels))


def _span(text: str, place: int, entity: dict) -> dict:
    start, end = entity.get("start"), entity.get("end")
    if start is None or end is None:
        raise ValueError(f"Entity {place} has no start and end: these come with a fast tokenizer.")
    if not 0 <= start < end <= len(text):
        raise ValueError(f"Entity {place} stands at {start}–{end}, but the text has {counted(len(text), 'character')}.")
    label = entity.get("entity_group") or entity.get("entity") or entity.get("label")
    if not label:
        raise ValueError(f"Entity {place} has no label: give it entity_group, entity or label.")
    score = entity.get("score")
    return {
        "start": int(start),
        "end": int(end),
        "label": str(label),
        "score": None if score is None else float(score),
        "word": entity.get("word"),
    }


def _pieces(text: str, spans: list[dict]) -> list[tuple[int, int, list[dict]]]:
    """The text cut wherever a span begins or ends: start, end and the spans that cover this piece, outermost
    first.
    """
    cuts = sorted({0, len(text), *(span["start"] for span in spans), *(span["end"] for span in spans)})
    return [
        (start, end, [span for span in spans if span["start"] <= start and end <= span["end"]])
        for start, end in zip(cuts, cuts[1:])
    ]


def _colour(label: str, labels: list[str]) -> str:
    return OKABE_ITO[labels.index(label) % len(OKABE_ITO)]


def _marked(text: str, spans: list[dict], labels: list[str]) -> str:
    """Each piece underlined once for every entity that covers it; the label stands after an entity's last piece."""
    parts = []
    for start, end, covering in _pieces(text, spans):
        piece = html.escape(text[start:end])
        for depth, span in enumerate(reversed(covering)):
            closes = f"<b>{html.escape(span['label'])}</b>" if span["end"] == end else ""
            ends = (" o" if span["start"] == start else "") + (" e" if closes else "")
            style = f"--c:{_colour(span['label'], labels)}"
            piece = f'<mark class="d{min(depth, 2)}{ends}" style="{style}">{piece}{closes}</mark>'
        parts.append(piece)
    return "".join(parts).replace("\n", "<br>")


def _details(text: str, spans: list[dict], pieces: list[dict], labels: list[str]) -> str:
    if not spans:
        return '<p class="none">No entities.</p>'
    rows = "".join(_row(text, span, pieces, labels) for span in spans)
    return (
        f"<details><summary>{counted(len(spans), 'entity', 'entities')} in detail</summary><table><thead><tr>"
        '<th scope="col">Entity</th><th scope="col">Label</th><th scope="col">Score</th><th scope="col">Characters</th>'
        f"{_head(pieces)}</tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _head(pieces: list[dict]) -> str:
    return '<th scope="col">Tokens</th>' if pieces else ""


def _row(text: str, span: dict, pieces: list[dict], labels: list[str]) -> str:
    own = [piece for piece in pieces if piece["start"] < span["end"] and span["start"] < piece["end"]]
    shown = ", ".join(
        f"<code>{html.escape(piece['word'] or text[piece['start'] : piece['end']])}</code> "
        f"{html.escape(piece['label'])}{_score(piece, ' ')}"
        for piece in own
    )
    return (
        f'<tr><th scope="row">{html.escape(text[span["start"] : span["end"]])}</th>'
        f'<td><span class="key" style="--c:{_colour(span["label"], labels)}">{html.escape(span["label"])}</span></td>'
        f"<td>{_score(span) or '–'}</td><td>{span['start']}–{span['end']}</td>"
        f"{f'<td>{shown}</td>' if pieces else ''}</tr>"
    )


def _score(span: dict, before: str = "") -> str:
    return "" if span["score"] is None else f"{before}{span['score']:.3f}"


def _sentence(text: str, spans: list[dict]) -> str:
    listed = ", ".join(f"“{text[span['start'] : span['end']]}” ({span['label']})" for span in spans)
    count = counted(len(spans), "entity", "entities") if spans else "no entities"
    return f"A text with {count}{': ' + listed if spans else ''}."


def _picture(text: str, spans: list[dict], labels: list[str]) -> bytes:
    """The text in a monospaced font, so that the lines below it stand exactly under their entities."""
    starts = _line_starts(text, 78)
    lanes = _lanes(spans)
    high = 0.75 + 0.38 * max([lane + 1 for lane in lanes], default=0)
    fig = blank(8.6, 0.35 * high * len(starts) + 0.1)
    axes = fig.add_axes((0, 0, 1, 1), xlim=(-0.5, 82), ylim=(high * len(starts), -0.2))
    axes.axis("off")
    for line, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)])):
        for at, letter in enumerate(text[start:end].replace("\n", " ")):
            axes.text(
                at + 0.5, line * high + 0.3, letter, family="monospace", ha="center", va="center", parse_math=False
            )
        for span, lane in zip(spans, lanes):
            left, right = max(span["start"], start) - start, min(span["end"], end) - start
            if left >= right:
                continue
            y = line * high + 0.68 + 0.38 * lane
            colour = _colour(span["label"], labels)
            axes.plot([left + 0.1, right - 0.1], [y, y], color=colour, linewidth=3, solid_capstyle="butt")
            if span["start"] >= start:
                axes.text(left + 0.1, y + 0.19, span["label"], fontsize=8, weight="bold", va="center", parse_math=False)
    return encode(fig)


def _line_starts(text: str, width: int) -> list[int]:
    """Where lines of at most `width` characters begin, cut after a space where there is one."""
    starts = [0]
    while len(text) - starts[-1] > width:
        cut = text.rfind(" ", starts[-1] + 1, starts[-1] + width)
        starts.append(cut + 1 if cut > 0 else starts[-1] + width)
    return starts


def _lanes(spans: list[dict]) -> list[int]:
    """For each span the first line below the text that no earlier span uses there."""
    lanes: list[int] = []
    for place, span in enumerate(spans):
        taken = {
            lane
            for lane, other in zip(lanes, spans[:place])
            if other["start"] < span["end"] and span["start"] < other["end"]
        }
        lanes.append(min(set(range(place + 1)) - taken))
    return lanes

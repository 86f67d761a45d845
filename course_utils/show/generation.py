"""Generation, step by step: the candidates for each token, beams as a tree, and what temperature, top-k and top-p
do.
"""

import html
import textwrap
from collections.abc import Sequence

from .colours import OKABE_ITO
from .figures import blank, encode
from .tokenization import _VISIBLE
from .view import View, counted

SHOWN_STEPS = 12  # the rest of a long text is folded


def candidates(prompt: str, chosen: Sequence[str], candidates: Sequence[Sequence[tuple[str, float]]]) -> View:
    """What the model could have said at every step (met first in day 9).

    `chosen` are the tokens that were generated after `prompt`; `candidates` holds for each of them the likeliest
    tokens with their probabilities, as pairs. Raises ValueError where the two differ in length or a probability is
    none.
    """
    if len(chosen) != len(candidates) or not chosen:
        counts = f"{len(chosen)} against {len(candidates)}"
        raise ValueError(f"show.candidates needs candidates for every chosen token: {counts}.")
    steps = [
        sorted(((str(token), float(share)) for token, share in step), key=lambda pair: -pair[1]) for step in candidates
    ]
    for place, step in enumerate(steps, 1):
        if not step or any(not 0 <= share <= 1.000001 for _, share in step):
            raise ValueError(f"Step {place} needs pairs of a token and a probability between 0 and 1.")
    rows = [_step(place, token, step) for place, (token, step) in enumerate(zip(chosen, steps), 1)]
    body = f"<p>{html.escape(prompt)}<b>{html.escape(''.join(chosen))}</b></p><ol>{''.join(rows[:SHOWN_STEPS])}</ol>"
    if len(rows) > SHOWN_STEPS:
        more = counted(len(rows) - SHOWN_STEPS, "more step")
        folded = "".join(rows[SHOWN_STEPS:])
        body += f"<details><summary>{more}</summary><ol>{folded}</ol></details>"
    first = sum(token == step[0][0] for token, step in zip(chosen, steps))
    alt = (
        f"“{prompt}” goes on “{''.join(chosen)}” in {counted(len(chosen), 'step')}; "
        f"in {first} of them the likeliest token was taken."
    )
    return View(
        "generation", alt, body, lambda: _bars([f"{place}" for place in range(1, len(steps) + 1)], chosen, steps)
    )


def _step(place: int, token: str, step: list[tuple[str, float]]) -> str:
    entries = "".join(_bar(other, share, other == token) for other, share in step)
    missing = "" if any(other == token for other, _ in step) else f"<li>chosen: <code>{_visible(token)}</code></li>"
    return f'<li><span class="sr">Step {place}</span><ul>{entries}{missing}</ul></li>'


def _bar(token: str, share: float, chosen: bool) -> str:
    mark = ' class="on"' if chosen else ""
    note = ' <b role="img" aria-label="chosen">✓</b>' if chosen else ""
    return f'<li{mark} style="--p:{share:.1%}"><code>{_visible(token)}</code> <span>{share:.1%}{note}</span></li>'


def _visible(token: str) -> str:
    return html.escape(token.translate(_VISIBLE)) or "(empty)"


def beams(prompt: str, beams: Sequence[tuple[Sequence[str], float]]) -> View:
    """Beams as a tree: what they share is drawn once (met first in day 9).

    `beams` are pairs of the tokens after `prompt` and the beam's score (a log-probability, the best nearest to 0).
    A beam that is the beginning of another may be among them: so a search by hand can show what it dropped on the
    way.
    """
    found = [([str(token) for token in tokens], float(score)) for tokens, score in beams]
    if not found or not all(tokens for tokens, _ in found):
        raise ValueError("show.beams needs at least one beam, and every beam at least one token.")
    order = sorted(range(len(found)), key=lambda place: -found[place][1])
    tree = _tree(found, order)
    best = found[order[0]]
    body = f"<p>{html.escape(prompt)}…</p><ul class='tree'>{_branches(tree)}</ul>"
    alt = (
        f"{counted(len(found), 'beam')} after “{prompt}”, drawn as a tree. "
        f"The best, with score {best[1]:.2f}, goes on “{''.join(best[0])}”."
    )
    return View("generation", alt, body, lambda: _draw_tree(prompt, tree))


def _tree(found: list, order: list[int]) -> dict:
    """Nested dictionaries by token; a node's `None` holds the (rank, score) of the beams that end there."""
    root: dict = {}
    for rank, place in enumerate(order, 1):
        node = root
        for token in found[place][0]:
            node = node.setdefault(token, {})
        node.setdefault(None, []).append((rank, found[place][1]))
    return root


def _run(token: str, node: dict) -> tuple[list[str], dict]:
    """Tokens up to the next fork or end: they are drawn in one box."""
    tokens = [token]
    while len(node) == 1 and None not in node:
        ((token, node),) = node.items()
        tokens.append(token)
    return tokens, node


def _branches(node: dict) -> str:
    parts = []
    for token, child in ((token, child) for token, child in node.items() if token is not None):
        tokens, end = _run(token, child)
        text = "".join(f"<code>{_visible(one)}</code>" for one in tokens)
        ends = "".join(
            f" <span{' class=best' if rank == 1 else ''}>beam {rank}: {score:.2f}</span>"
            for rank, score in end.get(None, ())
        )
        deeper = _branches(end)
        parts.append(f"<li>{text}{ends}{f'<ul>{deeper}</ul>' if deeper else ''}</li>")
    return "".join(parts)


def sampling(
    logits: Sequence[float],
    tokens: Sequence[str],
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    samples: int = 20,
    seed: int = 0,
    shown: int = 12,
) -> View:
    """What temperature, top-k and top-p leave of a distribution, and what is drawn from it (met first in day 9).

    `logits` has shape (vocabulary,), `tokens` names them. In the order of transformers' generate(): divide by
    `temperature`, keep the `top_k` likeliest (0 keeps all), keep the fewest likeliest that together reach `top_p`.
    Draws `samples` tokens.
    """
    import numpy as np

    shares = kept(logits, temperature, top_k, top_p)
    if len(shares) != len(tokens):
        raise ValueError(f"show.sampling got {len(shares)} logits but {len(tokens)} tokens.")
    order = np.argsort(-shares, kind="stable")[:shown]
    drawn = np.random.default_rng(seed).choice(len(shares), size=samples, p=shares)
    left = int((shares > 0).sum())
    step = [(tokens[place], float(shares[place])) for place in order if shares[place] > 0]
    settings = f"temperature {temperature:g}, top-k {top_k or 'off'}, top-p {top_p:g}"
    alt = (
        f"With {settings}, {counted(left, 'token')} of {len(shares)} can be drawn; "
        f"the likeliest is “{tokens[order[0]]}” with {shares[order[0]]:.1%}."
    )
    listed = " ".join(f"<code>{_visible(tokens[place])}</code>" for place in drawn)
    rest = shares.sum() - sum(share for _, share in step)
    others = f"<p>{counted(left - len(step), 'other')} together: {rest:.1%}</p>" if left > len(step) else ""
    bars = "".join(_bar(token, share, False) for token, share in step)
    body = (
        f"<p>{html.escape(settings)}: {counted(left, 'token')} can be drawn</p><ul class='one'>{bars}</ul>{others}"
        f"<p>{counted(samples, 'draw')}: {listed}</p>"
    )
    return View("generation", alt, body, lambda: _bars([settings], [""], [step]))


def kept(logits: Sequence[float], temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0):
    """The probabilities after temperature, top-k and top-p: an array of shape (vocabulary,) that sums to 1."""
    import numpy as np

    if temperature <= 0:
        raise ValueError(
            f"The temperature is greater than 0, not {temperature}: for the likeliest token take the argmax."
        )
    if not 0 < top_p <= 1 or top_k < 0:
        raise ValueError(f"top_p lies above 0 and up to 1, top_k is 0 or more; not {top_p} and {top_k}.")
    scores = np.asarray(logits, dtype=np.float64) / temperature
    shares = np.exp(scores - scores.max())
    order = np.argsort(-shares, kind="stable")
    if top_k:
        shares[order[top_k:]] = 0
    shares /= shares.sum()
    before = np.cumsum(shares[order]) - shares[order]  # what the likelier ones hold together
    shares[order[before >= top_p]] = 0
    return shares / shares.sum()


def _bars(titles: list[str], chosen: Sequence[str], steps: list) -> bytes:
    """One small bar chart a step, six in a row."""
    wide = min(len(steps), 6)
    high = -(-len(steps) // wide)
    longest = max(len(step) for step in steps)
    fig = blank(max(1.9 * wide, 3.5), high * (0.5 + 0.24 * longest))
    for place, (title, token, step) in enumerate(zip(titles, chosen, steps)):
        axes = fig.add_subplot(high, wide, place + 1)
        colours = [OKABE_ITO[1] if other == token else OKABE_ITO[0] for other, _ in step]
        axes.barh(range(len(step)), [share for _, share in step], color=colours)
        axes.set(ylim=(longest - 0.4, -0.6), xlim=(0, 1), xticks=[])
        labels = [
            ("▸ " if other == token else "") + textwrap.shorten(repr(other)[1:-1] or "∅", 14) for other, _ in step
        ]
        axes.set_yticks(range(len(step)), labels=labels, fontsize=8, parse_math=False)
        for at, (_, share) in enumerate(step):
            inside = share > 0.6
            axes.text(
                share - 0.02 if inside else share + 0.02, at, f"{share:.0%}", va="center", fontsize=7,
                ha="right" if inside else "left", color="white" if inside else "black",
            )  # fmt: skip
        axes.set_title(title, fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    fig.tight_layout()
    return encode(fig)


def _draw_tree(prompt: str, tree: dict) -> bytes:
    boxes: list[tuple[float, int, str, str, tuple | None]] = []

    def place(node: dict, depth: float, parent) -> None:
        for token, child in ((token, child) for token, child in node.items() if token is not None):
            tokens, end = _run(token, child)
            text = "".join(tokens).translate(_VISIBLE)
            ends = "  ".join(f"beam {rank}: {score:.2f}" for rank, score in end.get(None, ()))
            here = (depth, len(boxes))
            boxes.append((depth, here[1], text, ends, parent))
            place(end, depth + 1, here)

    place(tree, 1.0, (0.0, -1))
    fig = blank(9, 0.36 * (len(boxes) + 1) + 0.1)
    axes = fig.add_axes((0, 0, 1, 1), xlim=(-1, 70), ylim=(len(boxes) - 0.3, -1.6))
    axes.axis("off")
    axes.text(0, -1, f"{prompt}…", va="center", fontsize=11, weight="bold", parse_math=False)
    for depth, row, text, ends, (above, start) in boxes:
        x, up = 4 * depth, 4 * above
        axes.plot([up + 1, up + 1, x - 0.5], [start + 0.35, row, row], color="#666", linewidth=1)
        label = axes.text(x, row, text, va="center", family="monospace", fontsize=10, parse_math=False)
        if ends:
            axes.annotate(
                ends, (1, 0.5), xycoords=label, xytext=(10, 0), textcoords="offset points", va="center", fontsize=9,
                weight="bold" if ends.startswith("beam 1:") else "normal",
            )  # fmt: skip
    return encode(fig)

"""Draws the figures of a picture model's card from its metrics.json, and prints the card's tables.

    python recipes/vision_figures.py build/vit_flowers --data ../shared/data

Writes curve.png and mistakes.png into the folder, each below 60 KB, and prints the confusions as a Markdown table and,
for photographs, who took those that are shown. Several folders give several curves, drawn into the first.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

from training import DATA, run
from vision import Pictures, attributions, read_fashion, read_flowers

STYLES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", ":"))  # Okabe and Ito's colours, and never colour alone
SHOWN = 10


def curve(curves: dict[str, list[dict]], path: Path) -> None:
    """Accuracy on the validation part against pictures seen, a line a training."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    for (name, lines), (colour, style) in zip(curves.items(), STYLES):
        seen, right = zip(*((line["pictures"], line["validation_accuracy"]) for line in lines))
        axes.plot(seen, right, style, color=colour, label=name)
    axes.set(xlabel="pictures seen", ylabel="accuracy, validation part")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:.0f}k")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=80)


def mistakes(metrics: dict, pictures: Pictures, path: Path) -> list[dict]:
    """The surest mistakes on the test part as one sheet; returns those that are on it."""
    from matplotlib.figure import Figure
    from PIL import Image

    images = dict(zip(pictures.files, pictures.images))
    shown = metrics["test"]["surest_mistakes"][:SHOWN]
    figure = Figure(figsize=(7.5, 3.9), layout="constrained")
    for axes, mistake in zip(figure.subplots(2, SHOWN // 2).flat, shown):
        image = images[mistake["file"]]
        axes.imshow(image, cmap="gray" if image.mode == "L" else None, interpolation="nearest")
        axes.set_title(f"{mistake['is']},\ntaken for {mistake['taken_for']}", fontsize=8)
        axes.set_axis_off()
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=70)
    Image.open(drawn).convert("RGB").quantize(128).save(path, optimize=True)  # photographs would be too large
    return shown


def confusion_table(metrics: dict) -> str:
    """The confusions on the test part as a Markdown table: a row a class, a column a name that came out."""
    names, counts = metrics["test"]["names"], metrics["test"]["confusions"]
    lines = ["| is \\ taken for | " + " | ".join(names) + " | right |", "|---" + "|---:" * (len(names) + 1) + "|"]
    for number, (name, row) in enumerate(zip(names, counts)):
        cells = [f"**{count}**" if column == number else str(count or "") for column, count in enumerate(row)]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {row[number] / max(1, sum(row)):.2f} |")
    return "\n".join(lines)


def credits(shown: list[dict], data: Path) -> str:
    """Who took the photographs that are shown, as their licence asks."""
    people = {f"{row['class']}/{row['file']}": row for row in attributions(data)}
    rows = [people[mistake["file"]] for mistake in shown]
    return "\n".join(
        f"{number}. {row['photographer']}, {row['url']}, {row['licence']}; {row['changes']}"
        for number, row in enumerate(rows, start=1)
    )


def main(argv: list[str] | None = None) -> None:
    """Draws and prints what a card shows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="--out of finished trainings")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args(argv)
    first = options.folders[0]
    metrics = [json.loads((folder / "metrics.json").read_text(encoding="utf8")) for folder in options.folders]
    curves = {folder.name: one["training"]["curve"] for folder, one in zip(options.folders, metrics)}
    curve(
        {f"from {name}": lines for name, lines in metrics[0].get("curves", {}).items()} or curves, first / "curve.png"
    )
    is_flowers = "daisy" in metrics[0]["test"]["names"]
    pictures = (read_flowers if is_flowers else read_fashion)(options.data)
    shown = mistakes(metrics[0], pictures, first / "mistakes.png")
    print(confusion_table(metrics[0]))
    print("\n".join(f"{one['is']} taken for {one['taken_for']} ({one['probability']:.2f})" for one in shown))
    if is_flowers:
        print(credits(shown, options.data))


if __name__ == "__main__":
    run(main)

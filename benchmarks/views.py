"""The attention view beside bertviz: the same attention, the same browser, the same run.

    pip install bertviz==1.4.1
    npm install --prefix FOLDER d3@5.7.0 jquery@2.2.4 requirejs@2.3.6
    python benchmarks/views.py --scripts FOLDER/node_modules

bertviz asks a content network for three scripts; here they come from FOLDER, so its times hold no network. A page is
ready when nothing in it has changed for 1.5 seconds; what counts is the time of the last change since it was opened.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from course_utils import checkpoint, show

TEXT = Path(__file__).parent.parent / "tests/fixtures/views/island.txt"
SCRIPTS = {
    "d3.min.js": "d3/dist/d3.min.js",
    "jquery.min.js": "jquery/dist/jquery.min.js",
    "require.min.js": "requirejs/require.js",
}
WATCH = """
window.lastChange = 0;
new MutationObserver(() => { window.lastChange = performance.now(); })
    .observe(document, {subtree: true, childList: true, attributes: true});
"""


def attention_of(length: int):
    """The encoder's attention over the first `length` tokens of a story: one tensor a layer, and the tokens."""
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = checkpoint("encoder")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    inputs = tokenizer(TEXT.read_text(encoding="utf-8"), truncation=True, max_length=length, return_tensors="pt")
    with torch.no_grad():
        return model(**inputs, output_attentions=True).attentions, inputs.tokens()


def pages(attentions, tokens, peer: bool) -> dict:
    """Name of the view -> function that builds its HTML page."""
    built = {"show.attention": lambda: show.attention(attentions, tokens)._repr_html_()}
    if peer:
        from bertviz import head_view, model_view

        built["bertviz head_view"] = lambda: head_view(attentions, tokens, html_action="return").data
        built["bertviz model_view"] = lambda: model_view(attentions, tokens, html_action="return").data
    return built


def visit(browser, path: Path, scripts: Path | None) -> dict:
    """Open a page once: DOM nodes, seconds until ready, requests beyond the page itself, axe violations."""
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    asked = []

    def answer(route):
        name = route.request.url.rsplit("/", 1)[-1]
        if route.request.url.startswith("file:") or route.request.url.startswith(("data:", "blob:")):
            return route.continue_()
        asked.append(name)
        return route.fulfill(path=scripts / SCRIPTS[name]) if scripts and name in SCRIPTS else route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(path.as_uri(), timeout=300_000, wait_until="commit")
    page.wait_for_function(
        "document.readyState === 'complete' && lastChange > 0 && performance.now() - lastChange > 1500", timeout=600_000
    )
    found = {
        "ready": page.evaluate("lastChange") / 1000,
        "nodes": page.evaluate("document.body.querySelectorAll('*').length"),
        "drawn": page.evaluate("document.querySelectorAll('svg, canvas').length"),
        "requests": len(asked),
    }
    if found["nodes"] < 100_000:  # axe needs minutes for more
        found["axe"] = len(Axe().run(page, context=["body > *"]).response["violations"])
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--scripts", type=Path, help="folder with d3, jquery and requirejs; without it bertviz is left out"
    )
    parser.add_argument("--tokens", type=int, nargs="*", default=[64, 256, 512])
    parser.add_argument(
        "--peer-up-to", type=int, default=64, help="tokens; beyond 64 bertviz needs gigabytes and minutes"
    )
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    print(f"{'tokens':>6} {'view':20} {'build s':>8} {'MB':>8} {'nodes':>8} {'ready s':>8} {'requests':>8} {'axe':>4}")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for length in options.tokens:
            attentions, tokens = attention_of(length)
            peer = options.scripts is not None and length <= options.peer_up_to
            for name, build in pages(attentions, tokens, peer).items():
                started = time.perf_counter()
                html = build()
                seconds = time.perf_counter() - started
                path = Path(folder) / "view.html"
                head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>'
                path.write_text(f"{head}<body><main>{html}</main>", encoding="utf-8")
                visits = [visit(browser, path, options.scripts) for _ in range(options.repeat)]
                assert all(one["drawn"] for one in visits), f"{name} drew nothing"
                ready, first = median(one["ready"] for one in visits), visits[0]
                print(
                    f"{len(tokens):6} {name:20} {seconds:8.2f} {len(html.encode()) / 1e6:8.2f} {first['nodes']:8} "
                    f"{ready:8.2f} {first['requests']:8} {first.get('axe', '–'):>4}",
                    flush=True,
                )
        browser.close()


if __name__ == "__main__":
    main()

"""Patches and rollout, generation, curves and explorers."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course_utils import show
from course_utils.show.generation import kept


def random_weights(*shape: int, seed: int = 0):
    weights = np.exp(np.random.default_rng(seed).normal(scale=3, size=shape))
    return weights / weights.sum(-1, keepdims=True)


# Patches and rollout


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 20), st.floats(0, 0.99), st.integers(0, 999))
def test_the_rows_of_a_rollout_sum_to_one(layers, heads, tokens, residual, seed):
    flow = show.rollout(random_weights(layers, heads, tokens, tokens, seed=seed).astype(np.float32), residual)
    assert flow.shape == (tokens, tokens)
    assert abs(flow.sum(-1) - 1).max() < 1e-5
    assert (flow >= 0).all()


def test_rollout_is_the_product_of_the_layers_the_last_one_first():
    first, second = random_weights(1, 3, 3), random_weights(1, 3, 3, seed=1)
    expected = (0.5 * np.eye(3) + 0.5 * second[0]) @ (0.5 * np.eye(3) + 0.5 * first[0])
    assert np.allclose(show.rollout([first, second]), expected)
    assert np.allclose(show.rollout([np.eye(3)[None]] * 4), np.eye(3))


def test_patches_show_the_grid_and_the_attention(tmp_path):
    picture = np.linspace(0, 1, 16 * 24).reshape(16, 24)
    assert show.patches(picture, (4, 6)).alt == "A picture cut into 4 rows of 6 patches, 24 in all."
    weights = np.full((2, 2, 25, 25), 0.01)
    weights[..., 9] = 0.76  # the ninth token after [CLS] is the third patch of the second row
    view = show.patches((picture * 255).astype(np.uint8), (4, 6), weights)
    assert "2 layers with 2 heads each" in view.alt and "from the patch in row 2, column 3" in view.alt
    assert 'alt="A picture in 4 rows' in re.sub(r"<script>.*?</script>", "", view._repr_html_(), flags=re.S)
    assert view.png(tmp_path / "p.png").stat().st_size > 5_000


def test_patches_that_do_not_fit_are_refused():
    picture = np.zeros((8, 8, 3))
    with pytest.raises(ValueError, match=r"shape \(heads, 5, 5\)"):
        show.patches(picture, (2, 2), random_weights(1, 1, 4, 4))
    with pytest.raises(ValueError, match="eager"):
        show.patches(picture, (2, 2), ())
    with pytest.raises(ValueError, match="height, width"):
        show.patches(np.zeros(8), (2, 2))
    with pytest.raises(ValueError, match="between 0 and 1"):
        show.rollout(random_weights(1, 1, 2, 2), residual=1.5)


# Generation


def test_candidates_are_sorted_and_the_chosen_one_is_named_not_only_coloured(tmp_path):
    steps = [[(" ran", 0.25), (" sat", 0.6)], [("\n", 0.7), ("<b>", 0.125)]]
    view = show.candidates("The cat", [" sat", "<b>"], steps)
    found = re.findall(r"<code>(.*?)</code> <span>(.*?)</span>", view._repr_html_())
    assert found == [
        ("␣sat", '60.0% <b role="img" aria-label="chosen">✓</b>'),
        ("␣ran", "25.0%"),
        ("↵", "70.0%"),
        ("&lt;b&gt;", '12.5% <b role="img" aria-label="chosen">✓</b>'),
    ]
    assert "in 1 of them the likeliest token was taken" in view.alt
    assert view.png(tmp_path / "c.png").stat().st_size > 4_000


def test_a_long_generation_is_folded_and_a_choice_outside_the_candidates_is_named():
    view = show.candidates("a", ["x"] * 20, [[("y", 0.5)]] * 20)
    assert "8 more steps" in view._repr_html_()
    assert view._repr_html_().count("chosen: <code>x</code>") == 20


@pytest.mark.parametrize(
    "chosen, steps, words",
    [([], [], "every chosen token"), (["a"], [[("a", 3)]], "Step 1 needs"), (["a"], [[]], "Step 1 needs")],
)
def test_candidates_that_are_none_are_refused(chosen, steps, words):
    with pytest.raises(ValueError, match=words):
        show.candidates("p", chosen, steps)


def test_beams_share_their_beginning(tmp_path):
    found = [(["sat", "on", "mats"], -2.0), (["sat", "on", "chairs"], -1.5), (["ran"], -3.0), (["sat"], -0.5)]
    view = show.beams("The cat", found)
    html = view._repr_html_()
    assert [html.count(f"<code>{word}</code>") for word in ("sat", "on", "mats", "chairs", "ran")] == [1, 1, 1, 1, 1]
    assert re.findall(r"beam (\d): (-[\d.]+)", html) == [("1", "-0.50"), ("2", "-1.50"), ("3", "-2.00"), ("4", "-3.00")]
    assert "The best, with score -0.50, goes on “sat”" in view.alt
    assert view.png(tmp_path / "b.png").stat().st_size > 4_000
    with pytest.raises(ValueError, match="at least one beam"):
        show.beams("The cat", [])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-8, 8), min_size=2, max_size=30),
    st.floats(0.1, 5),
    st.integers(0, 10),
    st.floats(0.05, 1),
)
def test_kept_probabilities_are_those_of_generate(logits, temperature, top_k, top_p):
    import torch
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    values = [value + 1e-3 * place for place, value in enumerate(dict.fromkeys(round(one, 1) for one in logits))]
    scores = TemperatureLogitsWarper(temperature)(None, torch.tensor([values], dtype=torch.float64))
    scores = TopKLogitsWarper(top_k)(None, scores) if top_k else scores
    scores = TopPLogitsWarper(top_p)(None, scores) if top_p < 1 else scores
    truth = scores.softmax(-1)[0].numpy()
    shares = kept(values, temperature, top_k, top_p)
    assert math.isclose(shares.sum(), 1)
    reached = np.sort(np.exp(np.array(values) / temperature))[::-1][: top_k or None].cumsum()
    assume(top_p == 1 or abs(reached / reached[-1] - top_p).min() > 1e-9)  # at the edge itself rounding decides
    assert np.allclose(shares, truth, atol=1e-9)


def test_sampling_shows_what_can_be_drawn_and_draws_the_same_again():
    view = show.sampling([3.0, 2.0, 1.0, -5.0], ["a", "b", "c", "d"], top_k=2)
    assert "2 tokens of 4 can be drawn; the likeliest is “a” with 73.1%" in view.alt
    draws = re.search(r"20 draws: (.*?)</p>", view._repr_html_())[1]
    assert set(re.findall(r"<code>(.)</code>", draws)) == {"a", "b"}
    assert view._repr_html_() == show.sampling([3.0, 2.0, 1.0, -5.0], ["a", "b", "c", "d"], top_k=2)._repr_html_()


@pytest.mark.parametrize("options", [{"temperature": 0}, {"top_p": 0}, {"top_p": 1.1}, {"top_k": -1}])
def test_settings_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match="not"):
        show.sampling([1.0, 2.0], ["a", "b"], **options)


# Curves

TRAINING = [{"step": step, "loss": 2 * math.exp(-step / 200), "grad_norm": 1.0} for step in range(10, 1001, 10)]
EVALUATION = [
    {"step": step, "eval_loss": 0.5 + step / 4000, "eval_accuracy": 0.9, "eval_runtime": 3.0}
    for step in range(100, 1001, 100)
]


def test_curves_hold_loss_evaluation_and_table_in_30_kilobytes(tmp_path):
    view = show.curves(TRAINING + EVALUATION)
    html = view._repr_html_()
    assert len(html.encode()) <= 30_000
    assert "Training loss goes from 1.9 at step 10 to 0.0135 at step 1000" in view.alt
    assert "evaluation loss goes from 0.525 at step 100 to 0.75 at step 1000, lowest 0.525 at step 100" in view.alt
    assert "runtime" not in html and "grad" not in html and "<script" not in html
    assert '<th scope="row">1000</th><td>0.01348</td><td>0.75</td><td>0.9</td>' in html
    assert view.png(tmp_path / "k.png").stat().st_size > 3_000


def test_a_long_history_stays_small_and_strange_numbers_do_not_stop_it():
    rows = [{"step": step, "loss": float("nan") if step % 50 == 0 else 1 / (step + 1)} for step in range(50_000)]
    view = show.curves(rows)
    assert len(view._repr_html_().encode()) <= 30_000 and view._repr_html_().count('<th scope="row">') <= 12
    with pytest.raises(ValueError, match="nothing to draw"):
        show.curves([{"step": 1, "loss": float("nan")}])


def test_a_loop_of_ones_own_may_log_outside_a_notebook(capsys):
    progress = show.Curves()
    for step in range(1, 4):
        progress.log(step, loss=1 / step)
    assert "from 1 at step 1 to 0.333 at step 3" in progress.finish().alt
    assert capsys.readouterr().out == ""


def test_the_callback_listens_to_a_trainer(tmp_path):
    import torch
    from transformers import PrinterCallback, Trainer, TrainingArguments

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def forward(self, x, labels=None):
            return {"loss": ((self.layer(x)[:, 0] - labels) ** 2).mean()}

    torch.manual_seed(0)
    rows = [{"x": [float(place)], "labels": 2.0 * place} for place in range(8)]
    callback = show.CurvesCallback()
    arguments = TrainingArguments(
        str(tmp_path), max_steps=6, logging_steps=2, eval_strategy="steps", eval_steps=3, report_to="none",
        save_strategy="no", disable_tqdm=True, learning_rate=0.05, use_cpu=True, prediction_loss_only=True,
    )  # fmt: skip
    trainer = Trainer(Line(), arguments, train_dataset=rows, eval_dataset=rows, callbacks=[callback])
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    view = show.curves(callback.curves.history)
    assert re.search(r"<th scope=\"row\">3</th>.*<th scope=\"row\">6</th>", view._repr_html_())
    assert "Training loss goes from" in view.alt and "evaluation loss goes from" in view.alt
    assert callback.curves.view._repr_html_() == show.curves(trainer.state.log_history)._repr_html_()


# Explorers


def test_an_explorer_shows_a_view_first_and_renews_it(monkeypatch):
    shown = []

    class Handle:
        def update(self, content):
            shown.append(content.html)

    def display(content, display_id=False):
        shown.append(getattr(content, "html", content))
        return Handle() if display_id else None

    monkeypatch.setattr("IPython.display.display", display)
    explorer = show.text_explorer(lambda text: show.tokens(text, text.split()), "to be")
    explorer._ipython_display_()
    assert "<code>be</code>" in shown[0] and shown[1] is explorer.widget
    explorer.widget.children[0].value = "not <this>"
    assert "<code>&lt;this&gt;</code>" in shown[2]
    explorer.widget.children[0].value = "x" * 1000
    assert "x" * 300 in shown[3] and "x" * 301 not in shown[3]


def test_a_mistake_in_an_explorer_is_said_in_the_output():
    def fail(text):
        raise ValueError("No <text>.")

    assert show.text_explorer(fail, "a")._now().html == '<p role="alert">No &lt;text&gt;.</p>'


def test_many_changes_in_a_row_run_python_once(monkeypatch):
    import asyncio

    runs = []
    explorer = show.text_explorer(lambda text: runs.append(text) or show.tokens(text, [text]), "a")
    explorer._delay = 0.05
    explorer._handle = type("Handle", (), {"update": lambda self, content: None})()

    async def type_fast():
        for text in ("ab", "abc", "abcd"):
            explorer.widget.children[0].value = text
        await asyncio.sleep(0.2)

    asyncio.run(type_fast())
    assert runs == ["abcd"]


def test_the_sliders_cover_temperature_top_k_and_top_p():
    explorer = show.sampling_explorer([2.0, 1.0, 0.0], ["a", "b", "c"])
    temperature, top_k, top_p = explorer.widget.children
    assert "3 tokens can be drawn" in explorer._now().html
    top_k.value, temperature.value = 1, 0.5
    assert "1 token can be drawn" in explorer._now().html and "With temperature 0.5" in repr(explorer._now())


def test_no_view_has_the_name_of_a_module():
    """Or importing the module would put it in the place of the function."""
    from course_utils.show.view import FOLDER

    assert not {path.stem for path in FOLDER.glob("*.py")} & set(show.__all__) - {"View"}

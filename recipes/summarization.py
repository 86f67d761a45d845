"""Trains `summarization`: a small T5, from nothing, that sums up short bulletins in one sentence.

The domain is chosen so that a model of this size can be honest in it: bulletins of small events (a late train, a vote,
a game) whose summary joins facts that stand in different sentences. They are written by `bulletins.py`, new ones for
every epoch; no other data is needed. Measured on bulletins that were never trained on, against the first sentence
(lead-1) and against the sentence nearest to the middle of all sentences' vectors (centrality).

    python recipes/summarization.py --out build/summarization
"""

from __future__ import annotations

from bulletins import bulletins
from training import Plan, encoder_directory, label_smoothing, report, run, save_model, settings, share, train
from writing import byte_level_bpe, draw_curve, kept_tokenizer

PLAN = Plan(epochs=3, learning_rate=3e-3, tokens_a_batch=4096, warmup=0.05)
PIECES = 2500
AN_EPOCH, TEST, VALIDATION = 12_000, 600, 200
SHAPE = {"d_model": 192, "d_kv": 32, "d_ff": 768, "num_layers": 3, "num_decoder_layers": 3, "num_heads": 6}
LONGEST = 256  # tokens of a bulletin
END, PAD = "</s>", "<pad>"


def train_tokenizer(texts: list[str], pieces: int):
    """Byte-level BPE over bulletins and summaries; every text ends with the end mark."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = byte_level_bpe(texts, pieces, [PAD, END], prefix_space=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", special_tokens=[(END, tokenizer.token_to_id(END))]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, model_max_length=LONGEST)


def new_model(tokenizer):
    """An untrained T5ForConditionalGeneration of this recipe's shape."""
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=len(tokenizer),
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        **SHAPE,
    )
    model = T5ForConditionalGeneration(config)
    model.generation_config.update(max_length=64)
    return model


def optimizer_of(model, plan: Plan):
    """Muon and AdamW; T5's position biases, which begin near 0 and have to become large, take longer steps.

    With the step size of the rest they cannot grow by more than 1 or 2 in so short a training. No head then learns to
    look at the word before, and a summary has the right names in each other's places.
    """
    from optimizers import muon

    return muon(model, plan, {"relative_attention_bias": 0.1})


def encode(tokenizer, rows: list[dict]) -> list[dict]:
    """The rows as ids: "input_ids" of the bulletin, "labels" of its summary."""
    texts = tokenizer([row["document"] for row in rows], truncation=True)["input_ids"]
    summaries = tokenizer([row["summary"] for row in rows], truncation=True)["input_ids"]
    return [{"input_ids": ids, "labels": labels} for ids, labels in zip(texts, summaries)]


def summarise(model, tokenizer, texts: list[str], batch: int = 50) -> list[str]:
    """The model's summary of each text (greedy)."""
    import torch

    device, found = next(model.parameters()).device, []
    for start in range(0, len(texts), batch):
        inputs = tokenizer(texts[start : start + batch], return_tensors="pt", padding=True, truncation=True).to(device)
        with torch.inference_mode():
            ids = model.generate(**inputs)
        found += tokenizer.batch_decode(ids, skip_special_tokens=True)
    return [text.strip() for text in found]


def sentences(text: str) -> list[str]:
    """The sentences of a bulletin."""
    import re

    return [piece for piece in re.split(r"(?<=[.!?:]) ", text) if piece]


def central(texts: list[str]) -> list[str]:
    """Of each text the sentence whose vector (built-in encoder, mean pooling) is nearest to the mean of them all."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(encoder_directory()))
    model = AutoModel.from_pretrained(str(encoder_directory())).eval()
    found = []
    for text in texts:
        parts = sentences(text)
        inputs = tokenizer(parts, return_tensors="pt", padding=True, truncation=True)
        with torch.inference_mode():
            states = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        vectors = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)
        found.append(parts[int((vectors @ vectors.mean(0)).argmax())])
    return found


def rouge_l(found: str, expected: str) -> float:
    """ROUGE-L F1 of two texts: the longest common subsequence of their words (Lin 2004), lower case, no punctuation."""
    import re

    one, other = (re.findall(r"\w+", text.lower()) for text in (found, expected))
    row = [0] * (len(other) + 1)
    for left in one:
        before = row[:]
        for place, right in enumerate(other):
            row[place + 1] = before[place] + 1 if left == right else max(before[place + 1], row[place])
    return 2 * row[-1] / (len(one) + len(other)) if row[-1] else 0.0


def mean_rouge(found: list[str], rows: list[dict]) -> dict:
    """Mean ROUGE-L with the 95 % interval of the mean (1.96 standard errors)."""
    import numpy

    scores = numpy.array([rouge_l(text, row["summary"]) for text, row in zip(found, rows)])
    half = 1.96 * scores.std() / len(scores) ** 0.5
    return {"value": scores.mean(), "low": scores.mean() - half, "high": scores.mean() + half, "rows": len(scores)}


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    import torch
    from transformers import T5ForConditionalGeneration

    options, plan = settings("summarization", __doc__.splitlines()[0], PLAN, argv)
    sizes = (12, 3, 2) if options.quick else (AN_EPOCH, TEST, VALIDATION)
    held = bulletins(sizes[1] + sizes[2], seed=10**6)
    test, validation = held[: sizes[1]], held[sizes[1] :]
    unseen = {row["document"] for row in held}

    def rows(epoch: int) -> list[dict]:
        return [row for row in bulletins(sizes[0], plan.seed * 1000 + epoch) if row["document"] not in unseen]

    def new_tokenizer():
        texts = [text for row in rows(0) for text in (row["document"], row["summary"])]
        return train_tokenizer(texts, 400 if options.quick else PIECES)

    tokenizer = kept_tokenizer(options.out / "tokenizer", new_tokenizer)

    def told(model, held_out: list[dict]) -> list[str]:
        return summarise(model, tokenizer, [row["document"] for row in held_out])

    def validate(model) -> dict[str, float]:
        return {"validation ROUGE-L": float(mean_rouge(told(model, validation), validation)["value"])}

    torch.manual_seed(plan.seed)
    model = new_model(tokenizer)
    if options.quick:
        model.generation_config.max_length = 8
    costs = train(
        model,
        lambda epoch: encode(tokenizer, rows(epoch)),
        plan,
        options.out / "training",
        validate,
        label_smoothing(0.05),
        stop_after,
        optimizer_of=optimizer_of,
    )
    if not costs["finished"]:
        return costs
    save_model(model, options.out, tokenizer)
    draw_curve(costs["curve"], options.out / "curve.png")
    kept = T5ForConditionalGeneration.from_pretrained(str(options.out), dtype=torch.float32).eval()
    mine = told(kept, test)
    metrics = {
        "training": costs,
        "parameters": kept.num_parameters(),
        "ROUGE-L, test": {
            "summarization": mean_rouge(mine, test),
            "first sentence": mean_rouge([sentences(row["document"])[0] for row in test], test),
            "most central sentence": mean_rouge(central([row["document"] for row in test]), test),
        },
        "exactly the reference": share([text == row["summary"] for text, row in zip(mine, test)]),
        "examples": {row["document"]: text for row, text in zip(test[:3], mine)},
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)

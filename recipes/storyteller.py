"""Trains `storyteller`: a small GPT-2, from nothing, that tells tales in English.

Data: public-domain tales and a sample of TinyStories, each text followed by the end mark, so that stories end by
themselves. A second training goes on from the average of the first one's last passes, and is averaged with them. The
tokenizer is byte-level BPE, trained on the same texts. Held-out texts are cut by title. The baseline, measured in the
same run on the same tokens, is a 5-gram model with modified Kneser-Ney smoothing.

    python recipes/storyteller.py --data ../shared/data --out build/storyteller
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from kneser_ney import KneserNey
from training import (
    Plan,
    both_costs,
    grouped_split,
    read_rows,
    report,
    run,
    save_model,
    set_to_average,
    settings,
    train,
    weights_of,
)
from writing import byte_level_bpe, draw_curve, kept_tokenizer

PLAN = Plan(epochs=9, learning_rate=4e-3, tokens_a_batch=4096, warmup=0.05, weight_decay=0.1)
AVERAGED = 5  # of how many of the last passes the weights are averaged
# From that average on, the step size stays where it is, after 50 steps of warm-up: a snapshot by itself is worse than
# the average, but all of them and the passes together are better (1.174 bits a byte on the validation part instead of
# 1.182, with cooled logits). Source: Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima".
SNAPSHOTS = 8  # in a pass over the texts; an "epoch" of the second training is what lies between two
WANDERING = replace(PLAN, epochs=5 * SNAPSHOTS, learning_rate=1e-3, schedule="constant_with_warmup", warmup=0.0128)
TEMPERATURES = (1.03, 1.06, 1.09)  # what the logits may be divided by, if at all; the validation part chooses
PIECES = 4000
SHAPE = {"n_embd": 192, "n_layer": 6, "n_head": 6, "n_positions": 512}
DROPOUT = 0.1  # of the embeddings
# The tables of tokens and places begin with small numbers and have to grow: the common step size is too small for them.
# After 0.8 million tokens the validation texts cost 1.85 bits a byte without a step size of their own, 1.80 with it.
OWN_STEP = {"wte": 2.5, "wpe": 2.5}  # times the common step size
BLOCK = 512  # tokens of running text in a training example: all the places that the model has
# Tokens before each scored one, three quarters of the places. Validation tokens cost 3.185 nats with 256 to 319 before
# them, 3.163 with 384 to 447, 3.166 with more.
CONTEXT = 384
END = "<|endoftext|>"
PROMPT = "Once upon a time"
STORIES, LONGEST = 200, 400  # sampled stories to look at, tokens a story
COPIED = 12  # words in a row that may stand in a source; more counts as copied
SOURCES = {"tales": ("stories/gutenberg_tales_train", "title"), "tinystories": ("stories/tinystories_train", "text")}
HELD_OUT = {"tales": {"test": 40, "validation": 15}, "tinystories": {"test": 120, "validation": 50}}


def load(data: Path, is_quick: bool) -> dict[str, dict[str, list[str]]]:
    """The texts by source and part: "train", "validation", "test"."""
    found = {}
    for source, (name, group) in SOURCES.items():
        rows = read_rows(data, name)
        sizes = {"test": 1, "validation": 1} if is_quick else HELD_OUT[source]
        cut = grouped_split([" ".join(row[group].lower().split()) for row in rows], sizes, seed=0)
        found[source] = {part: [rows[row]["text"] for row in numbers] for part, numbers in cut.items()}
    return found


def train_tokenizer(texts: list[str], pieces: int):
    """Byte-level BPE, as GPT-2's: every text can be written and read back, there is no unknown token."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = byte_level_bpe(texts, pieces, [END], prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=END, eos_token=END, pad_token=END, model_max_length=SHAPE["n_positions"]
    )


def new_model(tokenizer):
    """An untrained GPT2LMHeadModel of this recipe's shape; input and output embeddings are one table."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=len(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        embd_pdrop=DROPOUT,
        resid_pdrop=0.0,  # tried in the later passes: it gains nothing, and chance costs time at every layer
        attn_pdrop=0.0,  # with it, a processor would have to take the slow way through attention
        activation_function="gelu_pytorch_tanh",  # the same function as GPT-2's own "gelu_new", in one operation
        **SHAPE,
    )
    return GPT2LMHeadModel(config)


def optimizer_of(model, plan: Plan):
    """Muon, with larger steps for the two tables."""
    from optimizers import muon

    return muon(model, plan, {name: times * plan.learning_rate for name, times in OWN_STEP.items()})


def divide_logits(model, temperature: float) -> None:
    """Divides all logits the model will give by `temperature`: the last norm is followed by the output table alone.

    A model that knows its training texts too well is too sure of itself elsewhere. Source: Guo et al. 2017, "On
    Calibration of Modern Neural Networks".
    """
    import torch

    with torch.no_grad():
        for weight in model.transformer.ln_f.parameters():
            weight /= temperature


def blocks(lists: list[list[int]], end: int, chance: random.Random) -> list[dict]:
    """All texts in a new order, an end mark between them, cut into examples at places that differ every time."""
    order = lists[:]
    chance.shuffle(order)
    stream = [token for ids in order for token in (end, *ids)] + [end]
    start = chance.randrange(BLOCK)
    cuts = [stream[place : place + BLOCK] for place in range(start, len(stream) - BLOCK // 4, BLOCK)]
    return [{"input_ids": ids, "labels": ids} for ids in cuts]


def encode(tokenizer, texts: list[str]) -> list[list[int]]:
    """The ids of each text, however long it is."""
    return tokenizer(texts, verbose=False)["input_ids"]


def nats(model, ids: list[int], end: int) -> float:
    """Minus the log probability of a text given its start mark; each token sees `CONTEXT` before it, if there are."""
    import torch

    window = SHAPE["n_positions"]
    stream = [end, *ids]
    device = next(model.parameters()).device
    total, scored = 0.0, 1  # the start mark itself is given
    while scored < len(stream):
        begin = max(0, scored - CONTEXT)
        part = torch.tensor([stream[begin : begin + window]], device=device)
        with torch.inference_mode():
            logarithms = model(part).logits[0].float().log_softmax(-1)
        new = range(scored - begin, part.shape[1])
        rows = torch.arange(new.start - 1, new.stop - 1)
        total -= float(logarithms[rows, part[0, new.start : new.stop]].sum())
        scored = begin + part.shape[1]
    return total


def bits_per_byte(bits: float, texts: list[str]) -> float:
    """Bits for each byte of the texts in UTF-8: comparable between tokenizers."""
    return bits / sum(len(text.encode()) for text in texts)


def stories(model, tokenizer, count: int, seed: int, longest: int = LONGEST) -> list[tuple[str, bool]]:
    """Sampled continuations of the prompt, each with whether it ended by itself."""
    import torch

    torch.manual_seed(seed)
    prompt = tokenizer([END + PROMPT], return_tensors="pt").to(next(model.parameters()).device)
    found = []
    for start in range(0, count, 20):
        ids = model.generate(
            **prompt,
            do_sample=True,
            top_p=0.95,
            temperature=0.8,
            max_new_tokens=longest,
            num_return_sequences=min(20, count - start),
            pad_token_id=tokenizer.pad_token_id,
        )
        end = tokenizer.eos_token_id
        found += [(tokenizer.decode(row, skip_special_tokens=True), end in row[1:]) for row in ids.tolist()]
    return found


def runs(words: list[str], length: int) -> list[tuple[str, ...]]:
    """All stretches of `length` words in a row."""
    return [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]


def looked_at(told: list[tuple[str, bool]], sources: list[str]) -> dict:
    """What can be counted about sampled stories: do they end, repeat themselves, vary, copy?"""
    words = [story.lower().split() for story, _ in told]
    known = {run for text in sources for run in runs(text.lower().split(), COPIED + 1)}
    copied = [any(run in known for run in runs(story, COPIED + 1)) for story in words]
    every = {length: [run for story in words for run in runs(story, length)] for length in (1, 2, 3)}
    repeated = sum(len(four) - len(set(four)) for four in (runs(story, 4) for story in words))
    return {
        "stories": len(told),
        "ended by themselves": sum(ended for _, ended in told) / len(told),
        "words a story": sum(map(len, words)) / len(told),
        "four-word runs that repeat one of the same story": repeated / max(1, sum(len(runs(s, 4)) for s in words)),
        **{f"distinct-{length}": len(set(all_runs)) / max(1, len(all_runs)) for length, all_runs in every.items()},
        f"stories with more than {COPIED} words in a row from a source": sum(copied),
    }


def choose(model, averages: dict[str, list[Path]], validate) -> dict:
    """Sets the model to the average of weights and to the temperature that suit the validation part best.

    `averages` names the lists of files that may be averaged.
    """

    def set_to(name: str, temperature: float) -> None:
        set_to_average(model, averages[name])
        divide_logits(model, temperature)

    def measured(name: str, temperature: float) -> float:
        set_to(name, temperature)
        found = validate(model)["validation bits per byte"]
        print(f"{name}, temperature {temperature}: {found:.4f}")
        return found

    plain = {name: measured(name, 1.0) for name in averages}
    best = min(plain, key=plain.get)
    cooled = {1.0: plain[best], **{temperature: measured(best, temperature) for temperature in TEMPERATURES}}
    temperature = min(cooled, key=cooled.get)
    set_to(best, temperature)
    return {"weights": best, "temperature": temperature, "validation bits per byte": cooled[temperature]}


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    import torch
    from transformers import GPT2LMHeadModel

    options, plan = settings("storyteller", __doc__.splitlines()[0], PLAN, argv)
    data = load(options.data, options.quick)
    sources = [text for parts in data.values() for text in parts["train"]]
    pieces = 300 if options.quick else PIECES
    tokenizer = kept_tokenizer(options.out / "tokenizer", lambda: train_tokenizer(sources, pieces))
    end = tokenizer.eos_token_id
    ids = {name: {part: encode(tokenizer, texts) for part, texts in data[name].items()} for name in data}
    read = [one for name in data for one in ids[name]["train"]]

    @lru_cache(maxsize=1)  # all parts of one pass are asked for in a row
    def examples(epoch: int) -> list[dict]:
        return blocks(read, end, random.Random(plan.seed * 1000 + epoch))

    def part_of_a_pass(epoch: int) -> list[dict]:
        """What lies between two snapshots: every eighth example of a pass that the first training did not see."""
        number, part = divmod(epoch, SNAPSHOTS)
        return examples(PLAN.epochs + number)[part::SNAPSHOTS]

    def bits(model, one: list[int]) -> float:
        return nats(model, one, end) / math.log(2)

    def measure(bits_of, part: str) -> dict[str, float]:
        """Bits per byte of each source's texts and of "all"; every text is scored once."""
        total = {name: sum(bits_of([*one, end]) for one in ids[name][part]) for name in data}
        by_source = {name: bits_per_byte(total[name], data[name][part]) for name in data}
        every = [text for parts in data.values() for text in parts[part]]
        return {"all": bits_per_byte(sum(total.values()), every), **by_source}

    def validate(model) -> dict[str, float]:
        return {"validation bits per byte": measure(partial(bits, model), "validation")["all"]}

    torch.manual_seed(plan.seed)
    model = new_model(tokenizer)
    first, second = options.out / "training", options.out / "wandering"
    costs = train(model, examples, plan, first, validate, stop_after=stop_after, optimizer_of=optimizer_of)
    if not costs["finished"]:
        return costs
    last = weights_of(plan, first)[-AVERAGED:]
    set_to_average(model, last)
    epochs = 2 if options.quick else WANDERING.epochs
    wandering = replace(WANDERING, seed=plan.seed, tokens_a_batch=plan.tokens_a_batch, epochs=epochs)
    costs = both_costs(costs, train(model, part_of_a_pass, wandering, second, optimizer_of=optimizer_of))
    snapshots = weights_of(wandering, second)
    averages = {"the last pass": last[-1:], "the last passes": last, "passes and snapshots": [*last, *snapshots]}
    chosen = choose(model, averages, validate)
    costs["curve"].append({"step": costs["steps"], "validation bits per byte": chosen["validation bits per byte"]})
    save_model(model, options.out, tokenizer)
    draw_curve(costs["curve"], options.out / "curve.png")
    kept = GPT2LMHeadModel.from_pretrained(str(options.out), dtype=torch.float32).eval()
    baseline = KneserNey([[*one, end] for one in read], len(tokenizer))

    mine, by_counting = measure(partial(bits, kept), "test"), measure(baseline.bits, "test")
    told = stories(kept, tokenizer, *((4, plan.seed, 20) if options.quick else (STORIES, plan.seed)))
    metrics = {
        "training": costs,
        "average": chosen,
        "parameters": kept.num_parameters(),
        "sizes": {f"{source}/{part}": len(texts) for source, many in data.items() for part, texts in many.items()},
        "bits per byte, test": {
            name: {
                "storyteller": mine[name],
                "5-gram, Kneser-Ney": by_counting[name],
                "ratio": mine[name] / by_counting[name],
            }
            for name in mine
        },
        "sampled": looked_at(told, sources),
        "examples": [story for story, _ in told[:3]],
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)

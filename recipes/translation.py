"""Trains `translation-en-fr`: a small Marian model, from nothing, that turns short English sentences into French.

Data: English-French sentence pairs of Tatoeba (CC BY 2.0 FR). One English sentence may have many French ones (tu and
vous, genders): an epoch sees each English sentence once, with one of its French sentences drawn anew, and a translation
is judged against all of them. Held-out sentences are cut along the English side.

    python recipes/translation.py --data ../shared/data --out build/translation-en-fr
"""

from __future__ import annotations

import io
import json
import random
import re
import unicodedata
from pathlib import Path

from training import Plan, grouped_split, label_smoothing, read_rows, report, run, save_model, settings, share, train
from writing import draw_curve

PLAN = Plan(epochs=5, learning_rate=1.5e-3, tokens_a_batch=1600, warmup=0.08)
PIECES = 6000
LONGEST = 48  # pieces, in either language
SHAPE = {
    "d_model": 256,
    "encoder_layers": 3,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 1024,
    "decoder_ffn_dim": 1024,
}
# Minimal pairs, written for this recipe: (English, the right determiner, nouns of which one must follow it).
AGREEMENT = [
    ("this house", "cette", "maison"),
    ("this book", "ce", "livre"),
    ("this car", "cette", "voiture"),
    ("this dog", "ce", "chien"),
    ("this table", "cette", "table"),
    ("this garden", "ce", "jardin"),
    ("this city", "cette", "ville"),
    ("this picture", "cette", "photo image peinture"),
    ("this man", "cet", "homme"),
    ("this woman", "cette", "femme"),
    ("this song", "cette", "chanson"),
    ("this movie", "ce", "film"),
    ("this hotel", "cet", "hôtel"),
    ("this idea", "cette", "idée"),
    ("this letter", "cette", "lettre"),
    ("this coffee", "ce", "café"),
    ("these cars", "ces", "voitures"),
    ("these books", "ces", "livres"),
    ("these houses", "ces", "maisons"),
    ("these shoes", "ces", "chaussures"),
]
FRAMES = ["You like {}.", "I saw {}.", "I don't like {}."]
EXAMPLES = ["You like this house.", "You like this house", "She is happy.", "He is happy.", "I have two cats."]


def load(data: Path, is_quick: bool) -> dict[str, dict[str, list[str]]]:
    """English sentence -> its French sentences, for each part: "train", "validation", "test"."""
    rows = read_rows(data, "translation/tatoeba_en_fr_train")
    sizes = {"test": 4, "validation": 4} if is_quick else {"test": 1500, "validation": 400}
    cut = grouped_split([alike(row["en"]) for row in rows], sizes, seed=0)
    parts: dict[str, dict[str, list[str]]] = {}
    for part, numbers in cut.items():
        for row in (rows[number] for number in numbers):
            parts.setdefault(part, {}).setdefault(row["en"], []).append(row["fr"])
    held = {alike(french) for part in ("test", "validation") for many in parts[part].values() for french in many}
    left = {
        english: [french for french in many if alike(french) not in held] for english, many in parts["train"].items()
    }
    return parts | {"train": {english: many for english, many in left.items() if many}}


def alike(text: str) -> str:
    """What sentences share that differ in case, punctuation and contractions only: they stay on one side of a split."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).lower()))


def train_tokenizer(texts: list[str], folder: Path, pieces: int):
    """A MarianTokenizer over one SentencePiece unigram model (Kudo 2018) that both languages share."""
    import sentencepiece
    from transformers import MarianTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "vocab.json").is_file():
        made = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=made,
            vocab_size=pieces,
            character_coverage=1.0,
            hard_vocab_limit=False,
            bos_id=-1,
            eos_id=-1,
            num_threads=1,
            minloglevel=2,
        )
        for side in ("source", "target"):
            (folder / f"{side}.spm").write_bytes(made.getvalue())
        model = sentencepiece.SentencePieceProcessor(model_proto=made.getvalue())
        own = [model.id_to_piece(number) for number in range(model.get_piece_size())]
        names = ["<pad>", "</s>", "<unk>", *(piece for piece in own if piece != "<unk>")]
        vocabulary = {name: number for number, name in enumerate(names)}
        (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False, indent=0), encoding="utf8")
    return MarianTokenizer(
        str(folder / "source.spm"),
        str(folder / "target.spm"),
        str(folder / "vocab.json"),
        source_lang="en",
        target_lang="fr",
        model_max_length=128,
    )


def new_model(tokenizer):
    """An untrained MarianMTModel of this recipe's shape; the embeddings of both sides and the output are one table."""
    from transformers import MarianConfig, MarianMTModel

    config = MarianConfig(
        vocab_size=len(tokenizer),
        decoder_vocab_size=len(tokenizer),
        max_position_embeddings=128,
        activation_function="silu",
        dropout=0.0,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=None,
        decoder_start_token_id=tokenizer.pad_token_id,
        **SHAPE,
    )
    model = MarianMTModel(config)
    model.generation_config.update(
        bad_words_ids=[[tokenizer.pad_token_id]], num_beams=4, max_length=96, forced_eos_token_id=None
    )
    return model


def encode(tokenizer, pairs: list[tuple[str, str]]) -> list[dict]:
    """The pairs as ids: "input_ids" for the encoder, "labels" for what the decoder is to say."""
    encoded = tokenizer(
        [english for english, _ in pairs],
        text_target=[french for _, french in pairs],
        truncation=True,
        max_length=LONGEST,
    )
    return [{"input_ids": ids, "labels": labels} for ids, labels in zip(encoded["input_ids"], encoded["labels"])]


def translate(model, tokenizer, texts: list[str], beams: int = 4, batch: int = 64) -> list[str]:
    """The model's French for each English text, by beam search."""
    import torch

    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    found = [""] * len(texts)
    device = next(model.parameters()).device
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        inputs = tokenizer([texts[row] for row in rows], return_tensors="pt", padding=True, truncation=True)
        with torch.inference_mode():
            ids = model.generate(**inputs.to(device), num_beams=beams)
        for row, text in zip(rows, tokenizer.batch_decode(ids, skip_special_tokens=True)):
            found[row] = text
    return found


def scores(found: list[str], references: list[list[str]]) -> dict:
    """chrF and BLEU against all references (sacrebleu), from 100 rows on with 95 % bootstrap intervals."""
    import sacrebleu

    widest = max(map(len, references))
    columns = [[many[place] if place < len(many) else None for many in references] for place in range(widest)]
    out = {}
    for name, metric in (("chrF", sacrebleu.CHRF()), ("BLEU", sacrebleu.BLEU())):
        result = metric.corpus_score(found, columns, n_bootstrap=300 if len(found) >= 100 else 1)
        half = getattr(result, "_ci", None)  # there is one from 100 rows on
        out[name] = {"value": result.score, "plus or minus": half and float(half), "rows": len(found)}
    return out


def agreement(model, tokenizer) -> tuple[list[bool], list[str]]:
    """For each minimal pair in each frame whether determiner and noun are right and side by side; and the misses."""
    rows = [(frame.format(what), determiner, nouns) for what, determiner, nouns in AGREEMENT for frame in FRAMES]
    found = translate(model, tokenizer, [english for english, _, _ in rows])
    right = [
        any(re.search(rf"\b{determiner} (\w+ )?{noun}\b", text, re.IGNORECASE) for noun in nouns.split())
        for text, (_, determiner, nouns) in zip(found, rows)
    ]
    return right, [f"{english} -> {text}" for text, (english, _, _), good in zip(found, rows, right) if not good]


def alignment(model, tokenizer) -> dict[str, float]:
    """How often a head of cross-attention (layer.head, or a layer's mean) looks at "this" when it writes ce/cet/cette.

    The row read is the one that predicts the determiner; among the English pieces without the end mark, the most
    attended one must be a piece of "this" or "these".
    """
    import torch

    model.set_attn_implementation("eager")
    hits: dict[str, list[bool]] = {}
    for what, determiner, nouns in AGREEMENT:
        english, french = f"You like {what}.", f"Tu aimes {determiner} {nouns.split()[0]}."
        inputs = tokenizer(english, text_target=french, return_tensors="pt")
        source = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())
        labels = inputs["labels"][0].tolist()
        target = tokenizer.convert_ids_to_tokens(labels)
        wanted = {place for place, piece in enumerate(source) if piece.strip("▁").lower() in ("this", "these")}
        place = next((place for place, piece in enumerate(target) if piece.strip("▁").lower() == determiner), None)
        if place is None or not wanted:
            continue
        with torch.inference_mode():
            layers = model(**inputs, output_attentions=True).cross_attentions
        for layer, weights in enumerate(layers):
            rows = {f"{layer}.{head}": weights[0, head, place] for head in range(weights.shape[1])}
            rows[f"{layer} mean"] = weights[0, :, place].mean(0)
            for name, row in rows.items():
                hits.setdefault(name, []).append(int(row[:-1].argmax()) in wanted)
    return {name: sum(many) / len(many) for name, many in hits.items()}


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    import torch
    from transformers import MarianMTModel

    options, plan = settings("translation", __doc__.splitlines()[0], PLAN, argv)
    data = load(options.data, options.quick)
    texts = [text for english, many in data["train"].items() for text in (english, *many)]
    tokenizer = train_tokenizer(texts, options.out / "tokenizer", 120 if options.quick else PIECES)
    references = {part: list(data[part].items()) for part in ("validation", "test")}

    def examples(epoch: int) -> list[dict]:
        chance = random.Random(plan.seed * 1000 + epoch)
        return encode(tokenizer, [(english, chance.choice(many)) for english, many in data["train"].items()])

    def measure(model, part: str, beams: int = 4) -> dict:
        found = translate(model, tokenizer, [english for english, _ in references[part]], beams)
        return scores(found, [many for _, many in references[part]])

    def validate(model) -> dict[str, float]:
        found = measure(model, "validation", beams=1)
        return {f"validation {name}, greedy": value["value"] for name, value in found.items()}

    torch.manual_seed(plan.seed)
    model = new_model(tokenizer)
    if options.quick:
        model.generation_config.max_length = 8
    costs = train(model, examples, plan, options.out / "training", validate, label_smoothing(0.1), stop_after)
    if not costs["finished"]:
        return costs
    save_model(model, options.out, tokenizer)
    draw_curve(costs["curve"], options.out / "curve.png")
    kept = MarianMTModel.from_pretrained(str(options.out), dtype=torch.float32).eval()
    right, missed = agreement(kept, tokenizer)
    metrics = {
        "training": costs,
        "parameters": kept.num_parameters(),
        "sizes": {part: {"English": len(many), "pairs": sum(map(len, many.values()))} for part, many in data.items()},
        "test": measure(kept, "test"),
        "agreement": share(right),
        "agreement missed": missed,
        "cross-attention on this/these while writing ce/cet/cette/ces": alignment(kept, tokenizer),
        "examples": dict(zip(EXAMPLES, translate(kept, tokenizer, EXAMPLES))),
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)

"""How much 90 seconds of fine-tuning on `reviews` buys over counting words: accuracy on the test split, three seeds.

    python benchmarks/reviews.py

Every run trains the upper layers of the encoder and a new head on two threads, and stops after the given seconds at the
latest. The word table and the lower layers are frozen, as in day06_trainer: a step then costs a third. Of the
step sizes 3e-4, 2e-4 (in batches of 8) and 1e-4 the last is used: with each of the others one seed learned nothing.
"""

import argparse
import statistics
import tempfile
import time

import numpy
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.utils import logging

from course_utils import checkpoint, corpus


class StopAfter(TrainerCallback):
    """Ends a training when its time is over."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def on_train_begin(self, args, state, control, **_):
        self.begin = time.monotonic()

    def on_step_end(self, args, state, control, **_):
        control.should_training_stop = time.monotonic() - self.begin > self.seconds


def bag_of_words(data) -> float:
    """Test accuracy of logistic regression over tf-idf."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10, max_iter=1000))
    model.fit(list(data["train"]["text"]), list(data["train"]["label"]))
    return float(model.score(list(data["test"]["text"]), list(data["test"]["label"])))


def fresh_model(frozen_layers: int):
    """The encoder with a new head; its word table and its lowest layers are frozen."""
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint("encoder"), num_labels=2)
    for part in [model.bert.embeddings, *model.bert.encoder.layer[:frozen_layers]]:
        part.requires_grad_(False)
    return model


def fine_tuned(data, seed: int, seconds: float, epochs: int, frozen_layers: int) -> tuple[float, float]:
    """Test accuracy after fine-tuning, and the seconds that the training took."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint("encoder"))
    encoded = data.map(lambda rows: tokenizer(rows["text"], truncation=True, max_length=160), batched=True)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            seed=seed,
            num_train_epochs=epochs,
            learning_rate=1e-4,
            per_device_train_batch_size=16,
            per_device_eval_batch_size=64,
            warmup_steps=30,
            weight_decay=0.01,
            train_sampling_strategy="group_by_length",
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
        )
        torch.manual_seed(seed)
        trainer = Trainer(
            model=fresh_model(frozen_layers),
            args=arguments,
            train_dataset=encoded["train"],
            data_collator=DataCollatorWithPadding(tokenizer),
            processing_class=tokenizer,
            callbacks=[StopAfter(seconds)],
        )
        begin = time.monotonic()
        trainer.train()
        took = time.monotonic() - begin
        output = trainer.predict(encoded["test"])
    # Grouped by length, answers come back in another order than the rows: the labels that came with them are the truth.
    return float(numpy.mean(output.predictions.argmax(-1) == output.label_ids)), took


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--frozen-layers", type=int, default=3)
    options = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(2)
    data = corpus("reviews")
    baseline = bag_of_words(data)
    print(f"bag of words             {baseline:.3f}")
    accuracies = []
    for seed in range(options.seeds):
        accuracy, took = fine_tuned(data, seed, options.seconds, options.epochs, options.frozen_layers)
        accuracies.append(accuracy)
        print(f"fine-tuned, seed {seed}       {accuracy:.3f}  ({took:.0f} s)", flush=True)
    mean, spread = statistics.mean(accuracies), statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
    print(f"fine-tuned, mean         {mean:.3f} ± {spread:.3f}, {100 * (mean - baseline):+.1f} points")


if __name__ == "__main__":
    main()

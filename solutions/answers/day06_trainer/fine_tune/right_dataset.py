from datasets import Dataset
from transformers import DataCollatorWithPadding


def fine_tune(rows, texts):
    names = list(dict.fromkeys(row["label"] for row in rows))
    data = Dataset.from_list([{"text": row["text"], "labels": names.index(row["label"])} for row in rows])
    data = data.map(lambda batch: tokenizer(batch["text"]), batched=True, keep_in_memory=True)
    arguments = TrainingArguments(
        "unused",
        learning_rate=1e-3,
        num_train_epochs=4,
        per_device_train_batch_size=4,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    model = new_model(names)
    trainer = Trainer(model, arguments, train_dataset=data, data_collator=DataCollatorWithPadding(tokenizer))
    trainer.train()
    model.eval()
    batch = tokenizer(list(texts), padding=True, return_tensors="pt")
    return [model.config.id2label[number] for number in model(**batch).logits.argmax(dim=-1).tolist()]

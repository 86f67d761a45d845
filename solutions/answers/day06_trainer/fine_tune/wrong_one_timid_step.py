# hint: at a rate that is high enough
def fine_tune(rows, texts):
    names = sorted({row["label"] for row in rows})
    data = [{**tokenizer(row["text"], truncation=True), "labels": names.index(row["label"])} for row in rows]
    unseen = [dict(tokenizer(text, truncation=True)) for text in texts]
    with TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            learning_rate=1e-5,
            num_train_epochs=1,
            per_device_train_batch_size=8,
            per_device_eval_batch_size=32,
            seed=6,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
        )
        trainer = Trainer(new_model(names), arguments, train_dataset=data, processing_class=tokenizer)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        logits = trainer.predict(unseen).predictions
    return [names[number] for number in logits.argmax(axis=-1)]

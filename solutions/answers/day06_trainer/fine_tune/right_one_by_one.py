def fine_tune(rows, texts):
    names = sorted({row["label"] for row in rows}, reverse=True)
    number = {name: place for place, name in enumerate(names)}
    data = []
    for row in rows:
        entry = tokenizer(row["text"])
        data.append(
            {"input_ids": entry["input_ids"], "attention_mask": entry["attention_mask"], "labels": number[row["label"]]}
        )
    with TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            max_steps=15,
            learning_rate=1e-3,
            lr_scheduler_type="constant",
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
            seed=1,
        )
        trainer = Trainer(new_model(names), arguments, train_dataset=data, processing_class=tokenizer)
        trainer.train()
    answers = []
    for text in texts:
        logits = trainer.model.eval()(**tokenizer(text, return_tensors="pt")).logits[0]
        answers.append(names[int(logits.argmax())])
    return answers

# hint: The table of words alone
def model_size(family, settings, dtype):
    with torch.device("meta"):
        built = AutoModelForMaskedLM.from_config(AutoConfig.for_model(family, **settings))
    parameters = built.num_parameters()
    table = sum(w.numel() for w in built.base_model.embeddings.parameters())
    size = getattr(torch, dtype).itemsize
    return {"parameters": parameters, "bytes": parameters * size, "table": table / parameters}

# hint: count shared parameters once
def model_size(family, settings, dtype):
    with torch.device("meta"):
        built = AutoModelForMaskedLM.from_config(AutoConfig.for_model(family, **settings))
    parameters = sum(weight.numel() for weight in built.state_dict().values())
    table = built.get_input_embeddings().weight.numel()
    size = getattr(torch, dtype).itemsize
    return {"parameters": parameters, "bytes": parameters * size, "table": table / parameters}

# hint: Bytes, not bits
def model_size(family, settings, dtype):
    with torch.device("meta"):
        built = AutoModelForMaskedLM.from_config(AutoConfig.for_model(family, **settings))
    parameters = built.num_parameters()
    table = built.get_input_embeddings().weight.numel()
    size = torch.finfo(getattr(torch, dtype)).bits
    return {"parameters": parameters, "bytes": parameters * size, "table": table / parameters}

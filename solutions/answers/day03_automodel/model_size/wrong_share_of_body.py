# hint: The table of words
def model_size(family, settings, dtype):
    with torch.device("meta"):
        built = AutoModelForMaskedLM.from_config(AutoConfig.for_model(family, **settings))
    parameters = built.num_parameters()
    table = built.get_input_embeddings().weight.numel()
    size = getattr(torch, dtype).itemsize
    return {"parameters": parameters, "bytes": parameters * size, "table": table / built.base_model.num_parameters()}

def model_size(family, settings, dtype):
    config = AutoConfig.for_model(family, **settings)
    network = AutoModelForMaskedLM.from_config(config)
    total = sum(weight.numel() for weight in network.parameters())
    one = torch.empty(0, dtype=getattr(torch, dtype)).element_size()
    rows, columns = network.get_input_embeddings().weight.shape
    return {"parameters": total, "bytes": total * one, "table": rows * columns / total}

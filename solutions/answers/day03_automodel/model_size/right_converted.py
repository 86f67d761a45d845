def model_size(family, settings, dtype):
    network = AutoModelForMaskedLM.from_config(AutoConfig.for_model(family, **settings)).to(getattr(torch, dtype))
    weights = dict(network.named_parameters()).values()
    return {
        "parameters": sum(w.numel() for w in weights),
        "bytes": sum(w.nbytes for w in weights),
        "table": network.config.vocab_size * network.config.hidden_size / sum(w.numel() for w in weights),
    }

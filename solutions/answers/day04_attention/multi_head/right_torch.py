def multi_head(hidden, weights, heads):
    weights = {name: torch.as_tensor(array, dtype=torch.float64) for name, array in weights.items()}
    hidden = torch.as_tensor(hidden, dtype=torch.float64)
    linear = torch.nn.functional.linear
    query, key, value = (
        linear(hidden, weights[name], weights[f"{name}_bias"]).unflatten(-1, (heads, -1)).transpose(0, 1)[None]
        for name in ("query", "key", "value")
    )
    found = torch.nn.functional.scaled_dot_product_attention(query, key, value)[0]
    return linear(found.transpose(0, 1).flatten(1), weights["output"], weights["output_bias"]).numpy()

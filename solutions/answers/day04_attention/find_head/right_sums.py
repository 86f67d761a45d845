def find_head(attentions, distance):
    total, pairs = 0, 0
    for weights in attentions:
        inner = weights[:, :, 1:-1, 1:-1]
        for by in range(inner.shape[2]):
            if 0 <= by + distance < inner.shape[3]:
                total = total + inner[:, :, by, by + distance]
                pairs += 1
    shares = total / pairs
    place = int(shares.argmax())
    return {
        "layer": place // shares.shape[1],
        "head": place % shares.shape[1],
        "share": shares.flatten()[place],
    }

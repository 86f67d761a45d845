# hint: special tokens are still in
def find_head(attentions, distance):
    pairs = [np.diagonal(weights, offset=distance, axis1=2, axis2=3) for weights in attentions]
    shares = np.concatenate(pairs, axis=2).mean(axis=2)
    layer, head = np.unravel_index(shares.argmax(), shares.shape)
    return {"layer": int(layer), "head": int(head), "share": float(shares[layer, head])}

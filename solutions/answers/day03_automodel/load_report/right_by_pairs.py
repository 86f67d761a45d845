def load_report(model_shapes, checkpoint_shapes, prefix):
    head = prefix + "."
    partner = {}
    for name in model_shapes:
        candidates = [name, head + name]
        if name.startswith(head):
            candidates.append(name[len(head) :])
        for candidate in candidates:
            if candidate in checkpoint_shapes:
                partner[name] = candidate
    used = set(partner.values())
    return {
        "missing": sorted(name for name in model_shapes if name not in partner),
        "unexpected": sorted(name for name in checkpoint_shapes if name not in used),
        "mismatched": sorted(n for n, p in partner.items() if list(model_shapes[n]) != list(checkpoint_shapes[p])),
    }

# hint: A partner was not found
def load_report(model_shapes, checkpoint_shapes, prefix):
    theirs = {
        (n if n.startswith(prefix + ".") or n in model_shapes else f"{prefix}.{n}"): (n, s)
        for n, s in checkpoint_shapes.items()
    }
    ours = {n: (n, s) for n, s in model_shapes.items()}
    shared = ours.keys() & theirs.keys()
    return {
        "missing": sorted(ours[key][0] for key in ours.keys() - shared),
        "unexpected": sorted(theirs[key][0] for key in theirs.keys() - shared),
        "mismatched": sorted(ours[key][0] for key in shared if ours[key][1] != theirs[key][1]),
    }

# hint: Give each name in full
def load_report(model_shapes, checkpoint_shapes, prefix):
    def bare(shapes):
        return {name.removeprefix(f"{prefix}."): (name, shape) for name, shape in shapes.items()}

    ours, theirs = bare(model_shapes), bare(checkpoint_shapes)
    shared = ours.keys() & theirs.keys()
    return {
        "missing": sorted(key for key in ours.keys() - shared),
        "unexpected": sorted(key for key in theirs.keys() - shared),
        "mismatched": sorted(key for key in shared if ours[key][1] != theirs[key][1]),
    }

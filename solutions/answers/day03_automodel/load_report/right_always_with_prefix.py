def load_report(model_shapes, checkpoint_shapes, prefix):
    def full(name):
        return name if name.startswith(f"{prefix}.") else f"{prefix}.{name}"

    theirs = {full(name): shape for name, shape in checkpoint_shapes.items()}
    ours = {full(name): shape for name, shape in model_shapes.items()}
    missing = [name for name in model_shapes if full(name) not in theirs]
    unexpected = [name for name in checkpoint_shapes if full(name) not in ours]
    rest = [name for name in model_shapes if name not in missing]
    mismatched = [name for name in rest if theirs[full(name)] != model_shapes[name]]
    return {"missing": sorted(missing), "unexpected": sorted(unexpected), "mismatched": sorted(mismatched)}

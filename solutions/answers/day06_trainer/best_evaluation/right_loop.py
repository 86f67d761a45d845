def best_evaluation(history, metric):
    best = None
    for row in history:
        value = row.get(metric)
        if value is None:
            continue
        better = best is None or (value < best["value"] if metric[-4:] == "loss" else value > best["value"])
        if better:
            best = {"step": row["step"], "value": value, "later": 0}
        else:
            best["later"] += 1
    return best

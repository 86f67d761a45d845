def best_evaluation(history, metric):
    sign = 1 if metric.endswith("loss") else -1
    rows = [(sign * row[metric], place, row) for place, row in enumerate(r for r in history if metric in r)]
    if not rows:
        return None
    _, place, row = sorted(rows, key=lambda entry: entry[:2])[0]
    return {"step": row["step"], "value": row[metric], "later": len(rows) - 1 - place}

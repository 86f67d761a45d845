# hint: take the earliest
def best_evaluation(history, metric):
    rows = [row for row in history if metric in row]
    if not rows:
        return None
    values = [row[metric] for row in rows]
    best = min(values) if metric.endswith("loss") else max(values)
    place = max(i for i, value in enumerate(values) if value == best)
    return {"step": rows[place]["step"], "value": best, "later": len(rows) - place - 1}

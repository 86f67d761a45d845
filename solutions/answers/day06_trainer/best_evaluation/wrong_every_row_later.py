# hint: Only evaluations of this metric count as later
def best_evaluation(history, metric):
    rows = [row for row in history if metric in row]
    if not rows:
        return None
    values = [row[metric] for row in rows]
    best = min(values) if metric.endswith("loss") else max(values)
    place = values.index(best)
    return {"step": rows[place]["step"], "value": best, "later": len(history) - history.index(rows[place]) - 1}

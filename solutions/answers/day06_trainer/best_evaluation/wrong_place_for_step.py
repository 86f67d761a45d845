# hint: its place in the list is something else
def best_evaluation(history, metric):
    rows = [row for row in history if metric in row]
    if not rows:
        return None
    values = [row[metric] for row in rows]
    best = min(values) if metric.endswith("loss") else max(values)
    place = values.index(best)
    return {"step": place, "value": best, "later": len(rows) - place - 1}

# hint: return None
def best_evaluation(history, metric):
    rows = [row for row in history if metric in row]
    values = [row[metric] for row in rows]
    best = min(values) if metric.endswith("loss") else max(values)
    place = values.index(best)
    return {"step": rows[place]["step"], "value": best, "later": len(rows) - place - 1}

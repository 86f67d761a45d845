# hint: Of a loss the smallest value
def best_evaluation(history, metric):
    rows = [row for row in history if metric in row]
    if not rows:
        return None
    values = [row[metric] for row in rows]
    best = max(values)
    place = values.index(best)
    return {"step": rows[place]["step"], "value": best, "later": len(rows) - place - 1}

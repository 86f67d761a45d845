# hint: is not always the best one
def best_evaluation(history, metric):
    rows = [row for row in history if metric in row]
    if not rows:
        return None
    values = [row[metric] for row in rows]
    best = values[-1]
    place = values.index(best)
    return {"step": rows[place]["step"], "value": best, "later": len(rows) - place - 1}

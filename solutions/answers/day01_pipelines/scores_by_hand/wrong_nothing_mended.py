# hint: over which dimension
def scores_by_hand(texts):
    return broken_scores(texts)

# hint: Somebody looks ahead
def may_look(kind, queries, keys):
    return [
        [real == 1 and (kind != "causal" or to >= by) for to, real in enumerate(keys)] for by in range(len(queries))
    ]

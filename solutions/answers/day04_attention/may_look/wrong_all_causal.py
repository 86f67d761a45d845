# hint: In an encoder a place may look ahead
def may_look(kind, queries, keys):
    return [[real == 1 and (kind == "cross" or to <= by) for to, real in enumerate(keys)] for by in range(len(queries))]

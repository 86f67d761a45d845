# hint: Somebody looks at padding
def may_look(kind, queries, keys):
    return [[kind != "causal" or to <= by for to in range(len(keys))] for by in range(len(queries))]

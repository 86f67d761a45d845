def may_look(kind, queries, keys):
    rows = []
    for place, _ in enumerate(queries):
        reach = place + 1 if kind == "causal" else len(keys)
        rows.append([bool(real) and to < reach for to, real in enumerate(keys)])
    return rows

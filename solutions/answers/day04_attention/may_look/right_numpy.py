def may_look(kind, queries, keys):
    table = np.ones((len(queries), len(keys)), dtype=bool)
    if kind == "causal":
        table = np.tril(table)
    return (table & np.array(keys, dtype=bool)).tolist()

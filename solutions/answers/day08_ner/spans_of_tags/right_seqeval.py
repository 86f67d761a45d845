def spans_of_tags(tags):
    return [[kind, first, last + 1] for kind, first, last in get_entities(list(tags))]

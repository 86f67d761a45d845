"""Views: what one looks at while a model works.

Every function takes plain arrays and strings and returns a `View`: in a notebook it shows itself,
`view.save("x.html")` writes a page that stands alone, `view.png("x.png")` writes a picture, and `view.alt` says in a
sentence what there is to see.
Nothing here knows a checkpoint, and heavy libraries are imported only by the function that needs them.
"""

from importlib import import_module

_HOMES = {
    "View": "view",
    "figure": "figures",
    "quiz": "quizzes",
    "tokens": "tokenization",
    "attention": "attentions",
    "heatmap": "attentions",
    "entities": "spans",
    "curves": "training",
    "Curves": "training",
    "CurvesCallback": "callback",
    "patches": "vision",
    "rollout": "vision",
    "candidates": "generation",
    "beams": "generation",
    "sampling": "generation",
    "text_explorer": "explorers",
    "sampling_explorer": "explorers",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"course_utils.show has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__

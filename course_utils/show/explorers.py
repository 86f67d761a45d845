"""Explorers: change the input, and Python runs again. What they show at first stands also where no kernel runs."""

import asyncio
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .view import View

DELAY = 0.3  # seconds without a change before Python runs


@dataclass(frozen=True)
class Shown:
    """What stands in an explorer's output at one time."""

    html: str
    alt: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.alt


class Explorer:
    """Widgets over a view that they renew (met first in day 8).

    The view is an output of its own, like any other; the widgets only change it. So a notebook without a kernel, or
    on GitHub, shows the first view in full.
    """

    def __init__(self, view: Callable[..., View | Sequence[View]], controls: dict, delay: float = DELAY):
        from ipywidgets import VBox

        self._view = view
        self._delay = delay
        self._controls = controls
        self._handle = None
        self._waiting: asyncio.TimerHandle | None = None
        self.widget = VBox(list(controls.values()))
        for control in controls.values():
            control.observe(self._changed, names="value")

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self._handle = display(self._now(), display_id=True)
        display(self.widget)

    def _now(self) -> "Shown":
        """The views for the present values; a mistake of the learner's is said, not thrown."""
        try:
            views = self._view(**{name: control.value for name, control in self._controls.items()})
        except Exception as error:
            words = str(error) or type(error).__name__
            return Shown(f'<p role="alert">{html.escape(words)}</p>', words)
        views = [views] if isinstance(views, View) else views
        return Shown("".join(view._repr_html_() for view in views), " ".join(view.alt for view in views))

    def _changed(self, change) -> None:
        """Wait until the learner pauses: every change starts the clock again."""
        if self._waiting is not None:
            self._waiting.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # outside a kernel there is no loop to wait in
            return self.renew()
        self._waiting = loop.call_later(self._delay, self.renew)

    def renew(self) -> None:
        """Run Python and show the result in the place of the last one."""
        self._waiting = None
        if self._handle is not None:
            self._handle.update(self._now())


def text_explorer(
    view: Callable[[str], View | Sequence[View]], text: str, label: str = "Text", longest: int = 300
) -> Explorer:
    """Type a text and see what becomes of it (met first in day 8).

    `view` is called with the text and returns a view, or several, for instance its tokens and its attention:

        show.text_explorer(lambda text: show.tokens(text, tokenizer(text)[0]), "To be or not to be")

    Only the first `longest` characters are used, so that an answer never takes long.
    """
    from ipywidgets import Layout, Text

    field = Text(value=text, description=label, layout=Layout(width="95%"))
    field.add_class("course-explorer")
    return Explorer(lambda text: view(text[:longest]), {"text": field})


def sampling_explorer(logits: Sequence[float], tokens: Sequence[str], samples: int = 20, seed: int = 0) -> Explorer:
    """Sliders for temperature, top-k and top-p over one distribution (met first in day 9).

    `logits` has shape (vocabulary,) and `tokens` names them, as in `show.sampling`.
    """
    from ipywidgets import FloatLogSlider, FloatSlider, IntSlider, Layout

    from .generation import sampling

    wide = {"layout": Layout(width="28em"), "style": {"description_width": "7em"}}
    controls = {
        "temperature": FloatLogSlider(
            1.0, min=-1, max=0.6, step=0.05, description="temperature", readout_format=".2f", **wide
        ),
        "top_k": IntSlider(0, min=0, max=min(100, len(tokens)), description="top-k (0: off)", **wide),
        "top_p": FloatSlider(1.0, min=0.05, max=1.0, step=0.05, description="top-p", **wide),
    }
    return Explorer(lambda **settings: sampling(logits, tokens, samples=samples, seed=seed, **settings), controls)

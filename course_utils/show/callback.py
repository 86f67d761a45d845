"""The curves of a Trainer. This module alone imports transformers as a whole, and is loaded when it is asked for."""

from transformers import TrainerCallback

from .training import Curves


class CurvesCallback(TrainerCallback):
    """Draws loss, evaluation and table of a Trainer in one output that renews itself (met first in day 6).

        trainer = Trainer(..., callbacks=[show.CurvesCallback()])

    It takes the place of the Trainer's own table: set `disable_tqdm=True` in TrainingArguments, and call
    `trainer.remove_callback(PrinterCallback)`, or the same numbers come out a second time.
    """

    def __init__(self, every: float = 1.0):
        self._every = every
        self.curves = Curves(every)

    def on_train_begin(self, args, state, control, **kwargs):
        """Start a new picture: a second call of train() gets an output of its own."""
        self.curves = Curves(self._every)

    def on_log(self, args, state, control, logs=None, **kwargs):
        """Take over what the Trainer logs: losses, metrics of an evaluation, and at the end the whole training's."""
        numbers = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
        if state.is_world_process_zero and numbers:
            self.curves.log(state.global_step, **numbers)

    def on_train_end(self, args, state, control, **kwargs):
        """Draw the last state."""
        if self.curves.history:
            self.curves._show()

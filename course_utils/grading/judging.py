"""Judging a model that a learner handed over: fetched as bytes, loaded in a clean process behind the wall."""

from collections.abc import Callable

from course_utils.grading import models, testing
from course_utils.grading.conversation import Conversation, Crashed, TimedOut
from course_utils.grading.limits import Limits

_OPENING = "from course_utils.grading.models import ask, load, receive"


def fetched(name: str, call: Callable) -> tuple[bytes, bytes]:
    """The bytes of the configuration and the weights that the learner's function `name` returns.

    `call(by, *arguments)` has the kernel evaluate `kernel.hand_over` or `kernel.piece` and returns the decoded value,
    which may be anything. Raises ModelError if it is not what an honest kernel sends.
    """
    told = call("hand_over")
    if type(told) is not dict or set(told) != {"config", "size"} or type(told["config"]) is not bytes:
        raise models.ModelError("it did not come as a folder that can be read")
    size, weights = told["size"], bytearray()
    if type(size) is not int or not 0 <= size <= models.WEIGHTS_BYTES:
        raise models.ModelError(f"a model of more than {models.WEIGHTS_BYTES // 2**20} MiB is not graded")
    while len(weights) < size:
        piece = call("piece", len(weights))
        if type(piece) is not bytes or not 0 < len(piece) <= min(models.PIECE, size - len(weights)):
            raise models.ModelError("it did not come as a folder that can be read")
        weights += piece
    return told["config"], bytes(weights)


class Judge:
    """One clean kernel with one model in it."""

    def __init__(self, start: Callable, limits: Limits, deadline: float):
        """`start()` returns a new kernel; nothing is awaited beyond the `deadline`."""
        self._conversation = Conversation(start, 0, deadline)
        self._limits = limits

    def load(self, architecture: str, config: dict, weights: bytes):
        """Bring a model that has passed `models.inspect` and load it; raises ModelError if it does not fit together."""
        self._conversation.open()
        try:
            self._conversation.reply(self._conversation.execute(_OPENING), self._limits.cell)
            for start in range(0, len(weights), models.PIECE):
                self._said("receive", weights[start : start + models.PIECE])
            problem = self._said("load", architecture, config)
        except (Crashed, TimedOut):
            raise models.ModelError("loading it took more time or memory than there is") from None
        if problem:
            raise models.ModelError(str(problem))

    def ask(self, inputs: dict) -> dict:
        """The model's answer; raises SubmissionError if it has none in time."""
        try:
            return self._said("ask", inputs)
        except (Crashed, TimedOut):
            raise testing.SubmissionTimeout("The model did not answer in time.") from None

    def close(self):
        """End its kernel."""
        self._conversation.close()

    def _said(self, name, *arguments):
        return testing.result("The model", self._conversation.call(name, arguments, {}, self._limits.cell))

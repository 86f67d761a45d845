"""Muon for the matrices inside a model, AdamW for the rest, behind the interface of one optimizer.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) makes every step of a matrix orthogonal, so that
all its directions are learned at one speed. It is PyTorch's own; embeddings, norms and biases stay with AdamW, as its
author advises. Trained from nothing for four minutes on one core, a storyteller of 5.9 million parameters came to 1.97
bits a byte with it and to 2.23 with AdamW alone.
"""

from __future__ import annotations

import torch
from training import trained_weights


class Together(torch.optim.Optimizer):
    """Several optimizers that step as one; schedulers and `accelerate` see all their parameter groups."""

    def __init__(self, *optimizers: torch.optim.Optimizer):
        self.optimizers = optimizers
        self.defaults = {}

    @property
    def param_groups(self) -> list[dict]:
        """All groups, one optimizer's after the other's."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def step(self, closure=None) -> None:
        """A step of each."""
        for optimizer in self.optimizers:
            optimizer.step(closure)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets all gradients."""
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none)

    def state_dict(self) -> dict:
        """The states of all, in order."""
        return {"parts": [optimizer.state_dict() for optimizer in self.optimizers]}

    def load_state_dict(self, state_dict: dict) -> None:
        """Puts back what `state_dict` gave."""
        for optimizer, part in zip(self.optimizers, state_dict["parts"], strict=True):
            optimizer.load_state_dict(part)


def muon(model, plan, own_step: dict[str, float] | None = None) -> Together:
    """Muon for the weight matrices of the model's blocks, AdamW for everything else.

    The blocks are what stands in a list of modules, as `transformer.h.0…` of GPT-2; tables that are looked up are no
    matrices in this sense. Both take the plan's step size: Muon's steps are scaled to the size that AdamW's have (Liu
    et al. 2025, "Muon is Scalable for LLM Training"). `own_step` gives parameters whose name holds its key another one.
    """
    tables = {id(table.weight) for table in model.modules() if isinstance(table, torch.nn.Embedding)}
    left = trained_weights(model)
    groups = []
    for key, step in (own_step or {}).items():
        weights = [left.pop(name) for name in list(left) if key in name]
        groups.append({"params": weights, "lr": step, "weight_decay": 0.0})
    inside = [
        left.pop(name)
        for name, weight in list(left.items())
        if weight.ndim == 2 and id(weight) not in tables and any(part.isdigit() for part in name.split("."))
    ]
    groups.insert(0, {"params": list(left.values()), "weight_decay": plan.weight_decay})
    return Together(
        torch.optim.Muon(inside, lr=plan.learning_rate, weight_decay=plan.weight_decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95)),
    )

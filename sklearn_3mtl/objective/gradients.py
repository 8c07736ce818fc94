"""Gradients of the tasks' losses, for balancing rules that compare them."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["feature_gramian"]


def feature_gramian(losses: Tensor, features: Tensor) -> Tensor:
    """Inner products of the tasks' gradients at the features that the heads read.

    Parameters
    ----------
    losses : tensor of shape (n_members, n_tasks)
        The tasks' losses, made of the features.
    features : tensor of shape (n_members, n_views, B, d)
        The features.

    Returns
    -------
    gramian : tensor of shape (n_members, n_tasks, n_tasks)
        Without gradients of its own.
    """
    # Members share nothing, so the gradient of a sum over members is each member's own.
    per_task = losses.sum(0)
    (found,) = torch.autograd.grad(
        per_task,
        features,
        torch.eye(len(per_task), dtype=per_task.dtype, device=per_task.device),
        retain_graph=True,
        is_grads_batched=True,
    )
    jacobian = found.flatten(2).transpose(0, 1)
    return jacobian @ jacobian.mT

"""The training loop: one skorch net and its callbacks."""

from sklearn_3mtl.training.net import MultiTaskNet

__all__ = ["MultiTaskNet"]

"""The training loop: a skorch net and its callbacks."""

from sklearn_3mtl.training.net import MultiTaskNet

__all__ = ["MultiTaskNet"]

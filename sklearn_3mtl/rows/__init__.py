"""Rows as tensors: batches, episodes, and what is held out."""

__all__: list[str] = []

"""Rows as tensors: batches, episodes and validation rows."""

__all__: list[str] = []

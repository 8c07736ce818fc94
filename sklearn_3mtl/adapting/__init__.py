"""From a fitted model and a few rows to another: corrections, fine-tuning, supports."""

__all__: list[str] = []

"""What `adapt` does: corrections, fine-tuning, supports, feature extraction."""

__all__: list[str] = []

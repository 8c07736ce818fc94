"""What `adapt` does: correct outputs, fine-tune, keep support rows, extract features."""

__all__: list[str] = []

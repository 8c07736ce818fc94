"""X to tensors: the table's columns and those of every further modality."""

__all__: list[str] = []

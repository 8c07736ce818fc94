"""Parameters: what each may be, and short names turned into objects."""

__all__: list[str] = []

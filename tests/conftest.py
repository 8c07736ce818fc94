"""What all tests share."""

import torch
from hypothesis import settings

# The nets are tiny: threads would spend their time waiting for each other.
torch.set_num_threads(1)

# The same examples on every run; nothing is said about time.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")

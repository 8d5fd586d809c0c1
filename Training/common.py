"""What all stages share: the device, noise levels, averages of weights, the log."""
import contextlib
import os
import random
import time
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
START = time.time()
# LCM's grid of timesteps: 19, 39 … 999.
GRID = torch.arange(1, 51) * 20 - 1


def prepare(seed):
    torch.set_num_threads(os.cpu_count())
    torch.manual_seed(seed)
    random.seed(seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True


def log(*words): print(f"[{time.time() - START:6.0f} s]", *words, flush=True)


def half_precision(enabled=True):
    """bfloat16 where it is quicker; weights and losses stay in float32."""
    return torch.autocast(DEVICE, torch.bfloat16) if enabled else contextlib.nullcontext()


def pixels(pictures):
    """uint8 [B, H, W, 3] to floats from -1 to 1, [B, 3, H, W]."""
    tensor = torch.from_numpy(np.stack(pictures)).to(DEVICE).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    return tensor.contiguous(memory_format=torch.channels_last)


def noise_levels():
    """alpha and sigma of Stable Diffusion's thousand timesteps."""
    betas = torch.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - betas, 0)
    return kept.sqrt().float().to(DEVICE), (1 - kept).sqrt().float().to(DEVICE)


def per_picture(values): return values.view(-1, 1, 1, 1)


class Average:
    """Exponential moving average of weights."""

    def __init__(self, modules, decay):
        self.parameters = [parameter for module in modules for parameter in module.parameters()]
        self.decay, self.steps = decay, 0
        self.values = [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def update(self):
        self.steps += 1
        torch._foreach_lerp_(self.values, self.parameters, 1 - min(self.decay, (1 + self.steps) / (10 + self.steps)))

    @contextlib.contextmanager
    def applied(self):
        """Within, the modules have the averaged weights."""
        with torch.no_grad(): kept = [parameter.clone() for parameter in self.parameters]
        self._set(self.values)
        try: yield
        finally: self._set(kept)

    @torch.no_grad()
    def _set(self, values):
        for parameter, value in zip(self.parameters, values): parameter.copy_(value)

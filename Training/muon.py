"""The Muon optimizer for matrices and kernels, AdamW for everything else.

Muon (Jordan et al. 2024): momentum whose matrix is made orthogonal by Newton–Schulz steps. Chosen for what others found:
what is rarely seen is learnt in fewer steps. It was not compared with Adam here.
"""
import torch


@torch.no_grad()
def orthogonal(matrix, steps=5):
    """A matrix with the singular vectors of the given one and singular values near 1."""
    x = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall: x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.T if tall else x).float()


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, rate, momentum=0.95):
        super().__init__(parameters, dict(lr=rate, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None: continue
                state = self.state[parameter]
                if not state: state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                step = parameter.grad.lerp(momentum, group["momentum"]).reshape(parameter.shape[0], -1)
                scale = max(1, step.shape[0] / step.shape[1]) ** 0.5
                parameter.add_(orthogonal(step).view(parameter.shape), alpha=-group["lr"] * scale)


class Optimizers:
    """Both, with one rate schedule; `rates` are Muon's and AdamW's at the top."""

    def __init__(self, modules, rates):
        matrices, others = [], []
        for module in modules:
            for name, parameter in module.named_parameters():
                first_or_last = any(part in name for part in ("conv_in", "conv_out", "embedding", "head"))
                (others if parameter.ndim < 2 or first_or_last else matrices).append(parameter)
        self.rates, self.parameters = rates, matrices + others
        self.all = [Muon(matrices, rates[0]), torch.optim.AdamW(others, rates[1], betas=(0.9, 0.98), weight_decay=0)]

    def step(self, share):
        """One step at the given share of the top rates; gives the gradients' norm."""
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer, rate in zip(self.all, self.rates):
            for group in optimizer.param_groups: group["lr"] = rate * share
            optimizer.step()
            optimizer.zero_grad()
        return norm

    def state_dict(self): return [optimizer.state_dict() for optimizer in self.all]

    def load_state_dict(self, states):
        for optimizer, state in zip(self.all, states): optimizer.load_state_dict(state)

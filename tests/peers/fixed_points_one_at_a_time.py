"""Fixed points as FixedPointFinder's users know them: one start after the other, Jacobians by autograd, one a sample.

The algorithm is that of netaudit.recurrent (Adam on q, damped Newton steps by least squares, points nearer than a
tolerance are one), written plainly: torch.optim.Adam, torch.autograd.functional.jacobian and numpy.linalg.lstsq. It is
slow on purpose, and knows nothing of netaudit. The benchmark runs it beside netaudit, and a test compares the points.
"""

import numpy as np
import torch


def fixed_points(step, starts, x, *, steps=1000, fixed=1e-12, slow=1e-8, tolerance=1e-3):
    """The distinct fixed points, ``[n, state]``.

    Args:
        step: ``(states [P, state], inputs [P, input]) -> states``, float64.
        starts: ``[P, state]``.
        x: the input that is held, ``[1, input]``.
        steps: of Adam, at most.
        fixed: q of a fixed point, at most.
        slow: q at which Adam ends.
        tolerance: the distance up to which two points are one.
    """
    found = []
    for start in starts:
        state = descended(step, start[None].clone(), x, steps, slow)
        state, q = polished(step, state, x)
        if q <= fixed and all((state - other).norm() > tolerance for other in found):
            found.append(state)
    return torch.cat(found) if found else starts[:0]


def descended(step, state, x, steps, slow):
    """Adam on q, until it is small or does not fall any more."""
    state.requires_grad_()
    optimiser = torch.optim.Adam([state], lr=0.03, betas=(0.9, 0.99))
    best, lowest, before = state.detach().clone(), np.inf, np.inf
    for number in range(steps + 1):
        q = (step(state, x) - state).square().sum() / 2
        if q.item() < lowest:
            best, lowest = state.detach().clone(), q.item()
        if q.item() <= slow:
            break
        if number and number % 100 == 0:
            if lowest > 0.99 * before:
                break
            before = lowest
        optimiser.zero_grad()
        q.backward()
        optimiser.step()
    return best


def polished(step, state, x, steps=50):
    """Newton steps, halved until q falls."""
    rest = step(state, x) - state
    for _ in range(steps):
        jacobian = torch.autograd.functional.jacobian(lambda h: step(h, x), state)[0, :, 0]
        matrix = jacobian.numpy() - np.eye(state.shape[1])
        direction = torch.from_numpy(np.linalg.lstsq(matrix, -rest[0].numpy(), rcond=1e-5)[0])
        size = 1.0
        while size > 1e-4:
            tried = state + size * direction
            new = step(tried, x) - tried
            if new.norm() < rest.norm():
                break
            size /= 2
        else:
            break
        state, rest = tried, new
        if rest.norm() < 1e-15 * (1 + state.norm()):
            break
    return state, rest.square().sum().item() / 2

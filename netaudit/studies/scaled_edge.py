"""The constants of :mod:`netaudit.numerics.laws.scaled_edge`, drawn again: ``python -m netaudit.studies.scaled_edge``.

Prints for each shape the mean and the spread of the score of scaled Gaussian matrices beside what the law there says,
and the fit of its constants. It takes about ten minutes on two cores.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from netaudit.numerics import device as devices
from netaudit.numerics.laws import scaled_edge, spikes, tracy_widom
from netaudit.numerics.scales import unit_scales

Floats = NDArray[np.float64]

DRAWS = {32: 6000, 64: 6000, 128: 4000, 256: 1500, 512: 400, 1024: 120}
"""Draws by the smaller side p: large spectra fluctuate less."""
LONGER = (1, 2, 4, 16)
"""N / p."""
LARGEST = 8192
"""Largest N."""
_SPREAD = 1.268
"""Standard deviation of the Tracy-Widom law F1."""


def scores(p: int, N: int, draws: int, seed: int = 0) -> Floats:
    """Draw the Tracy-Widom score of the largest singular value of scaled Gaussian ``[p, N]`` matrices, ``[draws]``."""
    import torch

    generator = devices.generator(seed, "scaled edge", str(p), str(N))
    centre, scale = tracy_widom.centring(p, N)
    found = np.empty(draws)
    for draw in range(draws):
        A = torch.randn(p, N, generator=generator, dtype=torch.float64)
        scales = unit_scales(A)
        B = torch.from_numpy(scales.rows)[:, None] * A * torch.from_numpy(scales.columns)
        s = torch.linalg.eigvalsh(B @ B.T).clamp_min(0).sqrt().numpy()
        found[draw] = ((s[-1] / spikes.bulk_sigma(s, p, N)) ** 2 - centre) / scale
    return found


def main() -> None:
    """Draw every shape, print what the law says beside it, and fit the constants."""
    rows = []
    for p, draws in DRAWS.items():
        for longer in LONGER:
            if p * longer <= LARGEST:
                found = scores(p, p * longer, draws if longer < max(LONGER) else draws // 3)
                rows.append((p, longer, len(found), found.mean(), found.std() / _SPREAD))
                low = scaled_edge.MEAN * scaled_edge.SPREAD + scaled_edge.shift(p, p * longer)
                text = f"{p} x {p * longer}: mean {found.mean():.3f} (law {low:.3f}), spread {rows[-1][-1]:.3f}\n"
                sys.stdout.write(text)
    p, longer, draws, mean, spread = np.array(rows).T

    def misfit(constants: Floats) -> Floats:
        factor, correction, power, other = constants
        lower = factor * (1 - correction / p) * p**-power * longer**-other
        return np.asarray((scaled_edge.MEAN - lower - mean) * np.sqrt(draws))

    fitted = least_squares(misfit, scaled_edge.LOWER).x.round(3).tolist()
    sys.stdout.write(f"LOWER = {fitted}\nSPREAD = {np.average(spread, weights=draws):.3f}\n")


if __name__ == "__main__":
    main()

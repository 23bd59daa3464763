"""Run by the Python of .venv-peers, which has WeightWatcher and not netaudit: its details of matrices, as JSON."""

import json
import sys
from pathlib import Path


def main(matrices, details):
    """Read an .npz of matrices, write the details."""
    import numpy as np
    import torch
    import weightwatcher

    arrays = np.load(matrices)
    state = {f"{name}.weight": torch.from_numpy(arrays[name]) for name in arrays.files}
    frame = weightwatcher.WeightWatcher(model=state).analyze(mp_fit=True)
    rows = {row["name"]: row for row in frame.to_dict("records")}
    Path(details).write_text(json.dumps(rows, default=lambda value: value.item()), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

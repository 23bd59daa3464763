"""Labels sent down and back, made without torch."""

from netaudit.analyses.network.labels_back.payload import LabelRun, Labels, LabelsBack, RealInputs


def example(real_inputs: RealInputs = "used", classes: int = 10) -> LabelsBack:
    """Most labels come back; with real inputs those of the network's own answers too."""
    shares: dict[Labels, tuple[float, float, float]] = {"onehot": (1.0, 0.98, 0.71)}
    if real_inputs == "used":
        shares["softmax"] = (0.993, 0.958, 0.579)
    five = classes > 5
    runs = tuple(
        LabelRun(
            source=source,
            rho=rho,
            n={"onehot": 10, "softmax": 400}[source],
            top1=top1,
            top5=min(1.0, top1 + 0.1) if five else None,
            chance=1 / classes,
            twin_top1=0.99 - 0.4 * i,
            twin_lowest=0.97 - 0.4 * i,
            twin_highest=1.0 - 0.4 * i,
            permuted_top1=0.98 - 0.4 * i,
            corrected_top1=min(1.0, top1 + 0.02),
            control_top1=1 / classes + 0.01 * i,
            control_top5=0.5 if five else None,
        )
        for source, of_source in shares.items()
        for i, (rho, top1) in enumerate(zip((1.0, 0.5, 0.1), of_source, strict=True))
    )
    used = real_inputs == "used"
    return LabelsBack(runs, "used" if used else "left_out", 6, 0.97 if used else None, real_inputs)

"""What the metrics of H4 are called in tables and in its rule."""

LABELS = {
    "effective_inputs_share": "inputs of a Gaussian layer with as much cross-talk, as a share of the layer's own",
    "gain": "gain",
    "cross_talk_inflation": "cross-talk inflation",
    "relative_error": "relative error at the layer's own best offset",
    "relative_error_ratio": "relative error / predicted",
    "relative_error_ratio_at_predicted_offset": "relative error / predicted, at the Gaussian layer's best offset",
    "predicted_relative_error": "relative error, predicted",
    "support_auc": "support AUC",
    "predicted_support_auc": "support AUC, predicted",
    "support_precision": "support precision",
    "support_recall": "support recall",
    "own_offset": "own best offset, in units of the predicted noise",
    "predicted_offset": "best offset of a Gaussian layer, in the same units",
    "nonzeros": "non-zeros of h",
    "coherence": "coherence of the rows",
    "coherence_cross_talk": "cross-talk inflation that follows from the coherence",
    "common_mode": "common mode",
    "control_support_auc": "support AUC of the control",
    "real_error_ratio": "lost of real activations / by Gaussian layers",
    "no_real_activations": "there are no real activations (--data)",
    "unusable_activations": "fewer than 2 real activations have outputs that are on and others that are off, or the "
    "weights are one constant up to rounding",
}

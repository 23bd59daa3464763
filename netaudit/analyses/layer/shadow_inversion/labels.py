"""What the metrics of H4 are called in tables and in its rule."""

LABELS = {
    "gain": "gain",
    "cross_talk_inflation": "cross-talk inflation",
    "relative_error": "relative error",
    "predicted_relative_error": "relative error, predicted",
    "relative_error_ratio": "relative error / predicted",
    "support_auc": "support AUC",
    "support_precision": "support precision",
    "support_recall": "support recall",
    "control_support_auc": "support AUC of the control",
}

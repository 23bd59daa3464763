"""The shadow images, with how much they are like real ones."""

from __future__ import annotations

from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.network.shadow_images.figure import draw
from netaudit.analyses.network.shadow_images.payload import MOST, ShadowImages
from netaudit.report.document.model import Figure, Method, Paragraph, Presentation, Span
from netaudit.text import count, number

_CAPTION = (
    "Each label sent down the head to the input, without dropout: a real image of it, its shadow through the network, "
    "and its shadow through untrained layers, Gaussian ones of the same shapes and scales. Each image is scaled to its "
    "own maximum."
)


def present(found: ShadowImages, place: Place) -> Presentation:
    """What the report says of the images."""
    trained, untrained = (number(r, 2) for r in (found.likeness_trained, found.likeness_untrained))
    words = (
        "A label's shadow at the input correlates with the mean of its real images by "
        f"{trained} in the network and by {untrained} in an untrained one (mean over the labels shown)."
    )
    alt = (
        f"{_CAPTION} A shadow's correlation with the mean of its label's real images is {trained} through the network "
        f"and {untrained} through untrained layers, in the mean over {count(len(found.labels), 'label')}."
    )
    return Presentation(
        blocks=(Paragraph((Span(words),)),),
        figures=(Figure("shadow_images", _CAPTION, alt, partial(draw, found)),),
    )


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "Where the head takes the pixels of images, a label's shadow at its input is a picture. One-hot labels are "
            "sent down all layers of the head without dropout, by equation (4) of Arora, Liang and Ma (2015) with "
            "{rho} = 1; beside them the same labels go down Gaussian layers of the same shapes and variances, which is "
            "what an untrained network does. A shadow is compared with the mean of its label's real images by their "
            f"correlation over the pixels. The first {number(MOST)} labels of which there are real images are shown, "
            "fewer where the images are large.",
        ),
        (
            "S. Arora, Y. Liang and T. Ma (2015). Why are deep nets reversible: a simple theory, with implications for "
            "training. arXiv:1511.05653.",
        ),
        sentence=(
            "Labels were sent down the fully connected head to its input [@arora2015], where their shadows were "
            "compared with the mean real image of each label."
        ),
    )

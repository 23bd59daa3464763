import torch
from hypothesis import given
from hypothesis import strategies as st

from netaudit.training.augmentation import PADDING, crop_and_flip


def crops(image):
    """Every crop of the padded image and of its reflection, the slow way."""
    channels, height, width = image.shape
    padded = torch.zeros(channels, height + 2 * PADDING, width + 2 * PADDING, dtype=image.dtype)
    padded[:, PADDING : PADDING + height, PADDING : PADDING + width] = image
    for top in range(2 * PADDING + 1):
        for left in range(2 * PADDING + 1):
            crop = padded[:, top : top + height, left : left + width]
            yield crop
            yield crop.flip(2)


@given(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7), st.integers(0, 1000))
def test_each_image_is_one_of_its_own_crops(channels, height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(1, 256, (3, channels, height, width), generator=generator, dtype=torch.uint8)
    changed = crop_and_flip(x, generator)
    assert changed.dtype == torch.uint8
    for before, after in zip(x, changed, strict=True):
        assert any(torch.equal(after, crop) for crop in crops(before))


def test_every_crop_comes_and_half_are_mirrored():
    x = torch.arange(1, 257, dtype=torch.int32).reshape(1, 1, 16, 16).expand(4000, 1, 16, 16)
    changed = crop_and_flip(x, torch.Generator().manual_seed(0))
    whole = list(crops(x[0]))
    seen = {tuple(image.flatten().tolist()) for image in changed}
    assert seen == {tuple(crop.flatten().tolist()) for crop in whole}
    mirrored = (changed[:, 0, 8, 7] > changed[:, 0, 8, 8]).float().mean()
    assert 0.46 < mirrored < 0.54


def test_the_generator_decides():
    x = torch.randint(0, 256, (8, 3, 8, 8), dtype=torch.uint8)
    one, same, other = (crop_and_flip(x, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)

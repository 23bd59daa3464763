import pytest
import torch

from netaudit.errors import DeviceError
from netaudit.numerics import device as devices

CPU = torch.device("cpu")


def test_auto_is_something_that_works():
    torch.zeros(1, device=devices.choose("auto"))
    assert devices.choose("cpu") == CPU


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "meta", "xpu", "", "cuda:-1"])
def test_unknown_or_missing_devices_are_refused(name):
    with pytest.raises(DeviceError, match=r"device|devices") as caught:
        devices.choose(name)
    assert "--device auto" in caught.value.hints[0]


def test_mps_has_no_float64():
    assert devices.float64_device(torch.device("mps")) == CPU
    assert devices.float64_device(torch.device("cuda:1")) == torch.device("cuda:1")


def test_exact_float32_puts_the_setting_back():
    torch.set_float32_matmul_precision("medium")
    try:
        with devices.exact_float32():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_generators_depend_on_seed_and_key_alone():
    def draw(*key):
        return torch.rand(4, generator=devices.generator(*key)).tolist()

    assert draw(0, "a", "b") == draw(0, "a", "b")
    assert len({tuple(draw(*key)) for key in [(0, "a", "b"), (1, "a", "b"), (0, "ab"), (0, "a", "c")]}) == 4
    assert devices.numpy_generator(3, "x").random() == devices.numpy_generator(3, "x").random()
    devices.generator(0, "\udcff")  # a name that is no valid text


def test_batches_are_halved_until_they_fit():
    seen = []

    def work(rows, where):
        seen.append((rows.stop - rows.start, where.type))
        if rows.stop - rows.start > 3:
            raise torch.OutOfMemoryError("out of memory")
        return list(range(rows.start, rows.stop))

    with devices.fallbacks() as events:
        results = devices.with_smaller_batches(work, 10, torch.device("cuda"))
    assert events == ["Out of memory on cuda: smaller batches were used."]
    assert [row for part in results for row in part] == list(range(10))
    assert [size for size, _ in seen][:3] == [10, 5, 3]
    assert {where for _, where in seen} == {"cuda"}


def test_a_row_that_does_not_fit_goes_to_the_cpu():
    def work(rows, where):
        if where.type == "cuda":
            raise torch.OutOfMemoryError("out of memory")
        return rows

    with devices.fallbacks() as events:
        assert devices.with_smaller_batches(work, 4, torch.device("cuda")) == [slice(0, 4)]
    assert events[-1] == "Out of memory on cuda: a part was computed on the CPU."


def test_out_of_memory_on_the_cpu_is_an_error():
    def work(rows, where):
        raise MemoryError

    with pytest.raises(DeviceError, match="out of memory"):
        devices.with_smaller_batches(work, 4, CPU)


def test_the_cpu_takes_over_once():
    seen = []

    def work(where):
        seen.append(where.type)
        if where.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 7

    with devices.fallbacks() as events:
        assert devices.with_cpu_fallback(work, torch.device("cuda"), "all of it") == 7
    assert seen == ["cuda", "cpu"]
    assert events == ["Out of memory on cuda: all of it was computed on the CPU."]
    assert devices.with_cpu_fallback(work, torch.device("cuda")) == 7  # nothing collects it
    assert len(events) == 1


def test_out_of_memory_on_the_cpu_is_not_tried_again():
    def work(where):
        raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        devices.with_cpu_fallback(work, CPU)

from hypothesis import given
from hypothesis import strategies as st

from netaudit.numerics.laws.multiplicity import holm


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_what_the_step_down_rule_rejects(p):
    """The textbook form: go up the sorted p-values while p_(i) <= a / (k - i + 1); stop at the first that is not."""
    for level in (0.01, 0.05, 0.2):
        rejected, k = set(), len(p)
        for place, index in enumerate(sorted(range(k), key=lambda i: p[i])):
            if p[index] * (k - place) > level:
                break
            rejected.add(index)
        assert {i for i, adjusted in enumerate(holm(p)) if adjusted <= level} == rejected


def test_no_tests_no_p_values():
    assert holm([]) == []

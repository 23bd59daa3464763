"""The interval of a change: from the ends of those of the two audits."""

from types import SimpleNamespace

from netaudit.comparing.metrics import _interval


def finding(low, high):
    return SimpleNamespace(conditions=[SimpleNamespace(statistic="ks", interval=(low, high))])


def test_it_is_the_widest_range_that_the_two_allow_for():
    assert _interval(finding(1.0, 2.0), finding(4.0, 8.0), "ks") == (2.0, 7.0)
    assert _interval(finding(1.0, 2.0), finding(4.0, 8.0), "other") is None

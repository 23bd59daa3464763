"""Reports made in several threads at once: the same bytes, and the user's own settings of Matplotlib are kept."""

import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import pytest
from synthetic_documents import unfinished

from netaudit.report.document.finish import finish
from netaudit.report.renderers.html import to_html
from netaudit.report.renderers.pdf import to_pdf


@pytest.fixture
def _threads_by_turns():
    """Threads that give way to each other as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_threads_by_turns")
def test_threads_draw_the_same_and_leave_the_settings_as_they_were():
    alone = to_html(finish(unfinished()))
    with mpl.rc_context({"font.size": 31, "axes.spines.top": False, "svg.fonttype": "none"}):
        theirs = dict(mpl.rcParams)
        with ThreadPoolExecutor(4) as pool:
            pages = list(pool.map(lambda _: to_html(finish(unfinished())), range(8)))
        assert dict(mpl.rcParams) == theirs
    assert set(pages) == {alone}


def test_a_pdf_is_the_same_from_several_threads():
    document = finish(unfinished())
    alone = to_pdf(document)
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda _: to_pdf(document), range(3))) == {alone}

"""A report in a real browser: axe-core finds nothing, in light and dark, on a screen and on a phone.

``make test-browser`` runs it with the axe-core of an environment of its own and the Chromium of the system.
"""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from synthetic.audits import document_of, hostile, many, report

from netaudit.report.renderers.html import to_html

pytestmark = pytest.mark.browser

AXE = os.environ.get("NETAUDIT_AXE", "")
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
RUN = """
document.querySelectorAll('details').forEach(each => each.open = true);
axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(found => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const captions = [...document.querySelectorAll('caption')].filter(
    each => each.getBoundingClientRect().width > document.documentElement.clientWidth).length;
  const answer = {violations: found.violations.map(each => [each.id, each.nodes.length, each.nodes[0].html]),
                  passes: found.passes.length, wide, captions};
  document.body.innerHTML = '<pre id="answer"></pre>';
  document.getElementById('answer').textContent = JSON.stringify(answer);
});
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Reports with axe-core in them; a report itself has no script, and its policy allows none."""
    folder = tmp_path_factory.mktemp("pages")
    axe = Path(AXE).read_text(encoding="utf-8") if AXE else ""
    for name, made in (("few", report()), ("many", many(30)), ("hostile", hostile())):
        page = re.sub(r"<meta http-equiv[^>]*>", "", to_html(document_of(made)))
        script = f"<script>{axe}</script><script>{RUN}</script></body>"
        (folder / f"{name}.html").write_text(page.replace("</body>", script), encoding="utf-8")
    return folder


@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
@pytest.mark.skipif(not AXE, reason="NETAUDIT_AXE does not say where axe.min.js is")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [500, 1400])  # a window of Chromium is no narrower than 500
@pytest.mark.parametrize("name", ["few", "many", "hostile"])
def test_axe_finds_nothing(name, width, scheme, pages, tmp_path):
    found = in_chromium(pages / f"{name}.html", width, scheme, tmp_path)
    assert found["violations"] == []
    assert found["wide"] <= 0  # nothing but a table or a picture scrolls sideways
    assert found["captions"] == 0  # a caption is read without scrolling its table
    assert found["passes"] > 20


def in_chromium(page, width, scheme, profile):
    """What axe-core says of a page."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    scheme_number = 0 if scheme == "dark" else 1
    options += [f"--window-size={width},1200", f"--blink-settings=preferredColorScheme={scheme_number}"]
    command = [CHROMIUM, *options, "--virtual-time-budget=60000", "--dump-dom", page.as_uri()]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout
    [answer] = re.findall(r'<pre id="answer">(.*?)</pre>', dumped, flags=re.DOTALL)
    return json.loads(unescape(answer))

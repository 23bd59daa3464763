import pytest
from paper_reports import HOSTILE, SAMPLE, renamed

from netaudit.api import AuditReport


@pytest.fixture(scope="session")
def report():
    return AuditReport.from_json(SAMPLE, changed=True)


@pytest.fixture(scope="session")
def hostile(report):
    return renamed(report, HOSTILE)

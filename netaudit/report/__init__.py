"""Reports of a finished audit: HTML, PDF and figures, made from the result object alone.

Importing this loads neither torch nor matplotlib; the renderers load what they need when they are called.
"""

from netaudit.files import write_atomically
from netaudit.report.write import render_html, render_pdf, write_figures, write_reports

__all__ = ["render_html", "render_pdf", "write_atomically", "write_figures", "write_reports"]

"""The charts of a study's page, in the order of its sections."""

from netaudit.report.document.model import Figure, Pair


def charts_of(page):
    """Every chart, as data."""
    items = [
        item
        for section in page.sections
        for block in section.blocks
        for item in (block.items if isinstance(block, Pair) else (block,))
    ]
    return [item.draw.keywords["chart"] for item in items if isinstance(item, Figure)]

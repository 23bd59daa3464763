"""How a report is laid out: the document, the figures' toolkit and the renderers. Knows nothing of audits."""

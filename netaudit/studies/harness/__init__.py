"""What every study needs: a journal of what was measured, worker processes, pages."""

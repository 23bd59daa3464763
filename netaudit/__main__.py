"""``python -m netaudit``: the command, where its script is not on the path."""

from netaudit.cli.start import main

if __name__ == "__main__":
    main()

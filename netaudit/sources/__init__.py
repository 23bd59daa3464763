"""How a name, a file or a module becomes a network whose layers are read one at a time."""

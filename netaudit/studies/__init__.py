"""Studies that measure the tool and the theory; nothing in an audit imports them."""

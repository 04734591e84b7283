"""What the words of the command line do: one module a word, each with `run(options) -> exit status`."""

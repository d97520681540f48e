"""Where work runs: killable children (`runner`) and the sandbox for code that nobody trusts (`sandbox`)."""

"""Access to language models through OpenAI-compatible endpoints."""

"""The template drafter: reads optimization word problems without a language model."""

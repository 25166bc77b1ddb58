"""The nouns: frozen values that cross the stages, without any behaviour of their own."""

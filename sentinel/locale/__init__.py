"""Catalogues of the text that people read, Chinese and English."""

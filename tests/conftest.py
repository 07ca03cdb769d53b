"""How much chance the tests take: little and repeatable before every commit, much and new every night."""

from hypothesis import settings

settings.register_profile("gate", max_examples=40, deadline=None, derandomize=True)
settings.register_profile("night", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("gate")  # `--hypothesis-profile` goes before it

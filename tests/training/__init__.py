"""Tests of the training code that need no torch, and a few that skip without it."""

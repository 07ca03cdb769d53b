"""Delivery: releases, the plan of a deployment, the machine that decides, the analysis that judges a canary."""

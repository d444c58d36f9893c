"""LLM gateway: one address in front of several servers of generated answers, with quotas, budgets and a cache."""

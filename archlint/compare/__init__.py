"""Two states compared: findings with those that a baseline holds, and a system with what it was before.

Findings are matched by their fingerprint (rule and structural path); where a name on the path is gone, by what stands
there without its name. So neither moved lines nor a rename make anything new.
"""

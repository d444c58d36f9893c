"""Resources of clouds, whatever file states them: one table of what each type means, for all of their spellings."""

"""kustomize: bases, overlays and patches, without running it. Every value keeps the file and the line that set it."""

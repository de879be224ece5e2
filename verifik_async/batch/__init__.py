"""Many persons at once: manifests in, one verdict for each person out."""

"""Files of vectors: what each kind computes, a check of a folder, and a generator."""

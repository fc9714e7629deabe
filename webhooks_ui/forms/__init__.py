"""Forms: what people type, and what is wrong with it, said next to the field that it belongs to."""

"""The frame of every page: security headers, languages, assets, errors."""

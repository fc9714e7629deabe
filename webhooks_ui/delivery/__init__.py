"""From a stored delivery to its recorded outcome: requests, retries, pings, attempts."""

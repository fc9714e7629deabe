"""The worker: claims due deliveries, sends them in threads, records what came of them."""

"""Edge prediction: the model runs on the device, which fetches new versions and keeps the last good one."""

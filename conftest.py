"""What all tests share; pytest takes plugins from this folder only."""

pytest_plugins = ["tests.support.processor_time"]

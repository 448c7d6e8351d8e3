"""What each action on a selection makes of real functions; `__main__` says how to run it."""

"""Write tests for one function of a Python module."""

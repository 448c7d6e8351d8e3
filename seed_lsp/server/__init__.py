"""The language server and the HTTP endpoint.

The modules here know the protocols: they translate, delegate to the features, and translate back.
"""

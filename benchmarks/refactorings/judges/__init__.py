"""What came of an edit: judged by the syntax tree, without running anything."""

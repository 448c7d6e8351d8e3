"""Extract and inline: code that moves, with its values going along by the data flow."""

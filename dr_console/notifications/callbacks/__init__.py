"""What comes back from people and vendors: a button, a key, a link, and how far a call or a page got."""

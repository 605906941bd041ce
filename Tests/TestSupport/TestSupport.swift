// Builders that several test targets share.

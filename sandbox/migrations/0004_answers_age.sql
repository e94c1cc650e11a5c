-- An answer is kept for 24 hours by the merchant's clock: how far that was ahead when it was kept.
ALTER TABLE answers ADD COLUMN clock_offset_ms INTEGER NOT NULL DEFAULT 0;

-- False where the table has no tax rate for the buyer's place: the tax is 0 for want of one.
ALTER TABLE sessions ADD COLUMN rate_known INTEGER NOT NULL DEFAULT 1;

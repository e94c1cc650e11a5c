-- Whether the endpoint has answered 410 and gets nothing until it is enabled again.
ALTER TABLE endpoints ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;

-- What schema 4 adds: when a file of a volume's or a snapshot's disk was found to be gone; 0: all are there.

ALTER TABLE volume ADD COLUMN missing_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE snapshot ADD COLUMN missing_since INTEGER NOT NULL DEFAULT 0;

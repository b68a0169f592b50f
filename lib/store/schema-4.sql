-- What schema 4 adds: when a file of a volume's disk was found to be gone; 0: all are there.

ALTER TABLE volume ADD COLUMN missing_since INTEGER NOT NULL DEFAULT 0;

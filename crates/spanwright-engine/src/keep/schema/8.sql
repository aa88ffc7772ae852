-- From schema 7 to 8: which failures of an effect were its own. Those of before count as its system's.
ALTER TABLE effect ADD COLUMN failed INTEGER;
ALTER TABLE effect ADD COLUMN own_failures INTEGER NOT NULL DEFAULT 0;

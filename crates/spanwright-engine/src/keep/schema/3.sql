-- From schema 2 to 3: somebody's word that a system or a flow is left alone, and the requests of a day.
ALTER TABLE gate ADD COLUMN held INTEGER;
ALTER TABLE gate ADD COLUMN held_until INTEGER;
ALTER TABLE gate ADD COLUMN held_by TEXT;
ALTER TABLE gate ADD COLUMN held_because TEXT;
ALTER TABLE gate ADD COLUMN day_until INTEGER;
ALTER TABLE gate ADD COLUMN day_calls INTEGER;

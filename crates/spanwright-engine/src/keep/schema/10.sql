-- From schema 9 to 10: a gate knows that our credentials were refused.
ALTER TABLE gate ADD COLUMN refused TEXT;

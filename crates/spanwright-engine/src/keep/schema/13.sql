-- From schema 12 to 13: an effect in an `each` knows its item.
ALTER TABLE effect ADD COLUMN of_item BLOB;

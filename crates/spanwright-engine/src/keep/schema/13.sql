-- From schema 12 to 13: an effect in an `each` knows its item, and answers go whose place another state takes. Those of before are swept.
ALTER TABLE effect ADD COLUMN of_item BLOB;
CREATE TRIGGER effect_answer AFTER UPDATE OF result ON effect WHEN old.result IS NOT NULL AND old.result IS NOT new.result
BEGIN DELETE FROM body WHERE id = old.result; END;
DELETE FROM body WHERE id NOT IN (SELECT body FROM message UNION ALL SELECT result FROM effect WHERE result IS NOT NULL);

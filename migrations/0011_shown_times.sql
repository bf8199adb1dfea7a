-- A time without seconds is shown with them: searches compare what is shown, which spans a second (in microseconds), where it spanned a
-- minute or an hour.
UPDATE document SET created_end = created_start + 1000000 WHERE created_end - created_start IN (60000000, 3600000000);
UPDATE document SET began_end = began_start + 1000000 WHERE began_end - began_start IN (60000000, 3600000000);
UPDATE document SET ended_end = ended_start + 1000000 WHERE ended_end - ended_start IN (60000000, 3600000000);
UPDATE submission SET sent_end = sent_start + 1000000 WHERE sent_end - sent_start IN (60000000, 3600000000);

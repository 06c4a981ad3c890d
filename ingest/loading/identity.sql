-- The accounting identity of the file in hand: lines, and lines accounted for.
select n_lines, n_accepted + n_duplicate + n_quarantined + n_blank
from ledger
where file_id = getvariable('file_id')

-- Lines that are to be written anew; corrections are people's and stay.
DELETE FROM billing_statementline WHERE statement_id = ANY (%(statements)s) AND kind <> 'CORRECTION'

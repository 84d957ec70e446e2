"""The file of one case (档案): everything that is on record, in order, as one archive that stands by itself."""

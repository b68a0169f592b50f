#pragma once
/*
 * The log in the journal, with its facts as fields: `journalctl -u croftd CROFT_REQUEST=UUID` finds
 * all that was logged of a request, CROFT_OBJECT=i-… what jobs said of an instance.
 */

/* From now on, if systemd has connected stderr to the journal. */
void journal_begin(void);

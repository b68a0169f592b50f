#pragma once
/* What the libraries do without memory (docs/decisions/0039-without-memory.md). */

/* Before any of them is used, and before the first thread. */
void libraries_set_up(void);

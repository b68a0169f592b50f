#pragma once
/*
 * How the process keeps what it has freed.
 *
 * A reply with a thousand instances, or the plan of a VPC with as many, takes megabytes for a
 * moment. What is free is kept for the next one, since mapping pages anew is half the cost, and
 * goes back to the system when memory_give_back() is called now and then. One heap for all threads:
 * malloc_trim() gives back the end of the first heap alone, and threads share little, because they
 * allocate from arenas.
 */

/* To be called before the first thread. */
void memory_keep_free(void);
void memory_give_back(void);

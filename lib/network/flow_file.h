#pragma once
/* The files of flow logs: appended to, renamed when they are large. */
#include "base/buf.h"
#include "base/err.h"

/* Appends to directory/file, with the directories on the way; whole lines or, on an error, none. */
int flow_file_append(const char *directory, const char *file, const struct buf *text,
                     struct err *e);
